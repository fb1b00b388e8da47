global using Orleans;
global using Paris.Core.Jobs;
