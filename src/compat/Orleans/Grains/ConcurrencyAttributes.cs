namespace Orleans.Concurrency
{
    /// <summary>Calls of this method may run while another read-only call runs.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class ReadOnlyAttribute : Attribute;

    /// <summary>Calls of this method may run between the turns of any other call.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class AlwaysInterleaveAttribute : Attribute;

    /// <summary>The caller does not wait and learns nothing of the result.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    public sealed class OneWayAttribute : Attribute;

    /// <summary>Calls of this grain class may interleave.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class ReentrantAttribute : Attribute;

    /// <summary>Every silo may have several activations of one grain id; calls stay on the caller's silo.</summary>
    [AttributeUsage(AttributeTargets.Class)]
    public sealed class StatelessWorkerAttribute : Placement.PlacementAttribute
    {
        public StatelessWorkerAttribute()
            : this(-1)
        {
        }

        public StatelessWorkerAttribute(int maxLocalWorkers)
            : base(new Runtime.StatelessWorkerPlacement(maxLocalWorkers))
        {
        }
    }
}

namespace Orleans
{
    /// <summary>Idle collection leaves activations of this grain class alone.</summary>
    [AttributeUsage(AttributeTargets.Class, AllowMultiple = false)]
    public class KeepAliveAttribute : Attribute;
}
