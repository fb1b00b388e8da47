using Paris.Core.Rest;

namespace Paris.Gateway.Tests;

/// <summary>Runs as the cluster might tell of them.</summary>
internal static class Views
{
    public static RunView Demo()
    {
        JobView[] jobs =
        [
            new() { Key = "demo/assign", Kind = "assign", State = "completed", Seconds = 3, Outputs = new Dictionary<string, string> { ["sheet-0"] = "runs/demo/clusters/sheet-e1.png", ["manifest"] = "runs/demo/clusters/manifest-e1.json" } },
            new() { Key = "demo/expert/0", Kind = "expert", Part = "0", State = "running", Step = 500, Total = 1000, Loss = 0.98, Rate = 410, Unit = "samples", SecondsLeft = 40, Silo = "silo-0", Slot = "cpu-0", Epoch = 1, Preview = "runs/demo/experts/0/previews/preview-00000250-e1.png" },
            new() { Key = "demo/expert/1", Kind = "expert", Part = "1", State = "queued", Total = 1000, QueuePosition = 1 },
            new() { Key = "demo/router", Kind = "router", State = "waiting", Total = 1500 },
        ];
        return new RunView { Run = "demo", State = "running", Phase = "training", Jobs = jobs, Phases = Phases.Of(jobs) };
    }
}
