global using Xunit;

// Commands read the environment (PARIS_URL …), which the tests set.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
