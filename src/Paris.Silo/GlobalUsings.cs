global using Orleans;
global using Orleans.Runtime;
global using Paris.Core;
global using Paris.Core.Jobs;
global using Paris.Core.Scheduling;
global using Paris.Core.Storage;
global using Paris.Grains;
global using Paris.Grains.Abstractions;
