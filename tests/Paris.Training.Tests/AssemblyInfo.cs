using Xunit;

// Trainers assert that no tensor outlives a step by the number of tensors in the process, and own every core while they run.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
