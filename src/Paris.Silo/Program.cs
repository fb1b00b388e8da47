return await Paris.Silo.SiloProgram.RunAsync(args);
