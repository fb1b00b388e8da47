global using Orleans;
global using Paris.Core.Jobs;
global using Paris.Core.Scheduling;
