using System.Diagnostics;

namespace Orleans.Runtime;

/// <summary>One request on its way: a call of a grain method, or a tick of a grain timer.</summary>
internal sealed class Message
{
    /// <summary>Set for a timer's tick, which dies with its activation instead of being forwarded.</summary>
    public Func<Task>? Tick { get; init; }

    public GrainId Target { get; init; }

    public MethodShape? Method { get; init; }

    public object?[] Arguments { get; init; } = [];

    public Dictionary<string, object>? RequestContext { get; init; }

    public ActivityContext? Activity { get; init; }

    /// <summary>The caller's silo; null for a client.</summary>
    public InProcessSilo? Sender { get; init; }

    public InProcessClient? SenderClient { get; init; }

    /// <summary>The callee's token, when the method takes one.</summary>
    public CancellationTokenSource? Cancellation { get; init; }

    public TaskCompletionSource<object?> Completion { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool AlwaysInterleave { get; init; }

    public bool ReadOnly { get; init; }

    public bool KeepsAlive { get; init; } = true;

    public int Forwards { get; set; }

    /// <summary>The caller gave up (timeout, cancellation, its silo's death): not worth starting.</summary>
    public bool Abandoned => Completion.Task.IsCompleted;

    public override string ToString() => Method is null ? $"timer tick of {Target}" : $"{Method.Name} to {Target}";
}
