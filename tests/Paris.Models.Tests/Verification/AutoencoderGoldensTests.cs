using Paris.Core.Formats;
using Paris.Models.Verification;
using Xunit;

namespace Paris.Models.Tests.Verification;

public sealed class AutoencoderGoldensTests
{
    [Fact]
    public void The_Stable_Diffusion_autoencoder_reproduces_the_reference_in_both_key_layouts()
    {
        var rows = AutoencoderGoldens.VerifyKL(Fixtures.Folder);
        Assert.Equal(6, rows.Count);
        Passes(rows);
    }

    [SharedSetFact("taef2")]
    public void The_tiny_autoencoder_reproduces_the_reference_with_its_real_weights()
    {
        var rows = AutoencoderGoldens.VerifyTiny(Fixtures.FolderWith("taef2")!);
        Assert.Equal(2, rows.Count);
        Passes(rows);
    }

    [Fact]
    public void Comparisons_leave_no_tensor_behind()
    {
        AutoencoderGoldens.VerifyKL(Fixtures.Folder);
        var before = LiveTensors.Count;
        AutoencoderGoldens.VerifyKL(Fixtures.Folder);
        LiveTensors.AreAsManyAs(before);
    }

    private static void Passes(IReadOnlyList<VerificationRow> rows) =>
        Assert.All(rows, row => Assert.True(row.Pass && row.Tolerance <= 1e-4, row.ToString()));
}
