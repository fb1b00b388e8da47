using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace Paris.Models.Tests;

/// <summary>
/// The number of tensors that live, for tests that build models. The official library never stops counting a tensor that became a
/// <c>Parameter</c> (0.107: its handle moved, its memory does not leak), so there only what does without new models can be counted.
/// </summary>
internal static class LiveTensors
{
    /// <summary>Whether building and disposing a parameter leaves the count where it was.</summary>
    public static bool CountModels { get; } = Try();

    /// <summary>What <see cref="Tensor.TotalCount"/> says once nothing waits for its finalizer.</summary>
    public static long Count
    {
        get
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return Tensor.TotalCount;
        }
    }

    /// <summary>Fails where more or fewer live than before, if this library can tell (<see cref="LiveTensorsTests"/> reports where it cannot).</summary>
    public static void AreAsManyAs(long before)
    {
        if (CountModels)
        {
            Assert.Equal(before, Count);
        }
    }

    private static bool Try()
    {
        var before = Count;
        new Parameter(zeros(1)).Dispose();
        return Count == before;
    }
}

/// <summary>Says in every run whether models that are left behind would be noticed.</summary>
public sealed class LiveTensorsTests
{
    [CountingFact]
    public void A_model_that_is_left_behind_is_counted()
    {
        var before = LiveTensors.Count;
        using (nn.Linear(2, 3))
        {
            Assert.Equal(before + 2, LiveTensors.Count);
        }

        LiveTensors.AreAsManyAs(before);
    }

    private sealed class CountingFactAttribute : FactAttribute
    {
        public CountingFactAttribute()
        {
            if (!LiveTensors.CountModels)
            {
                Skip = "this TorchSharp counts a tensor that became a Parameter as alive for ever: tests that build models cannot tell what they left behind";
            }
        }
    }
}
