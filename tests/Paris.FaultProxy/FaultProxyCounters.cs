namespace Paris.FaultProxy;

/// <summary>What a <see cref="HttpFaultProxy"/> has done so far.</summary>
/// <param name="Requests">All that arrived while the proxy served; the other numbers are parts of it.</param>
/// <param name="Errors">Answered 500 or 503.</param>
/// <param name="LostReplies">Done by the target, answer dropped.</param>
/// <param name="Stalls">Answered late.</param>
/// <param name="Refused">Requests and connections broken off by <see cref="HttpFaultProxy.Refuse"/>; not among <paramref name="Requests"/>.</param>
public sealed record FaultProxyCounters(long Requests, long Errors, long LostReplies, long Stalls, long Refused);
