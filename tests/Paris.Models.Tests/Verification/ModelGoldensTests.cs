using Paris.Core;
using Paris.Core.Formats;
using Paris.Models.Verification;
using Xunit;

namespace Paris.Models.Tests.Verification;

public sealed class ModelGoldensTests
{
    private static readonly Tolerances _tolerances = new(Fixtures.Folder);

    [Fact]
    public void Expert_and_router_reproduce_the_reference_outputs()
    {
        var rows = ModelGoldens.VerifyOutputs(Fixtures.Folder, _tolerances);

        Assert.Equal(1 + (4 * 2) + 2, rows.Count);
        Passes(rows);
    }

    [Fact]
    public void A_training_step_reproduces_the_reference_loss_and_every_gradient()
    {
        var rows = ModelGoldens.VerifyTrainingStep(Fixtures.Folder, _tolerances);

        using var expert = SafetensorsFile.Open(Path.Combine(Fixtures.Folder, "training-golden", "expert_0_gradients.safetensors"));
        using var router = SafetensorsFile.Open(Path.Combine(Fixtures.Folder, "training-golden", "router_gradients.safetensors"));
        Assert.Equal(4 + expert.Tensors.Count + router.Tensors.Count, rows.Count);
        Passes(rows);
    }

    [Fact]
    public void The_ImageNet_DiT_reproduces_the_reference_plain_and_guided_and_its_position_table()
    {
        var rows = ModelGoldens.VerifyImageNetDiT(Fixtures.Folder);
        Assert.Equal(3, rows.Count);
        Passes(rows);
    }

    [Fact]
    public void Everything_that_the_folder_holds_is_compared()
    {
        var rows = ModelGoldens.Verify(Fixtures.Folder);
        Assert.Contains(rows, row => row.Name.StartsWith("paris-tiny", StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Name.StartsWith("training-golden", StringComparison.Ordinal));
        Passes(rows);
    }

    [Fact]
    public void A_folder_without_tolerances_is_an_input_error()
    {
        var error = Assert.Throws<ParisInputException>(() => ModelGoldens.Verify(Path.GetTempPath()));
        Assert.Contains("tolerances.json", error.Message, StringComparison.Ordinal);
    }

    private static void Passes(IReadOnlyList<VerificationRow> rows) => Assert.All(rows, row => Assert.True(row.Pass, row.ToString()));
}
