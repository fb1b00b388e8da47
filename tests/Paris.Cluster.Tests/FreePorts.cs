using System.Net;
using System.Net.Sockets;

namespace Paris.Cluster.Tests;

/// <summary>Ports nobody listens on, below those that the system gives to outgoing connections: none is taken before its program binds it, and none is named twice.</summary>
internal static class FreePorts
{
    private const int First = 20_000;
    private const int Count = 12_000;

    private static int s_next = Environment.ProcessId * 41;

    public static int[] Take(int count)
    {
        List<int> ports = [];
        while (ports.Count < count)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref s_next) % Count);
            using var listener = new TcpListener(IPAddress.Loopback, port);
            try
            {
                listener.Start();
                ports.Add(port);
            }
            catch (SocketException)
            {
                // Taken; the next one.
            }
        }

        return [.. ports];
    }

    /// <summary>For a silo: its port and its gateway's.</summary>
    public static (int Silo, int Gateway) Pair() => Take(2) is [var silo, var gateway] ? (silo, gateway) : default;
}
