return await Paris.Gateway.GatewayProgram.RunAsync(args);
