using Xunit;

// Tests here count the live tensors of the process, so they run one after the other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
