using Paris.Core.Formats;
using Paris.Models.Verification;
using Xunit;

namespace Paris.Models.Tests.Verification;

public sealed class EncoderGoldensTests
{
    [Fact]
    public void DINOv2_reproduces_the_reference_in_both_key_layouts_at_both_sizes()
    {
        var rows = EncoderGoldens.VerifyDinoV2(Fixtures.Folder);

        Passes(rows);
        foreach (var folder in Directory.GetDirectories(Path.Combine(Fixtures.Folder, "dinov2-tiny")))
        {
            using var io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
            var outputs = io.Tensors.Select(t => t.Name).Where(n => !n.EndsWith(".image", StringComparison.Ordinal)).ToList();
            foreach (var layout in new[] { "original", "huggingface" })
            {
                Assert.All(outputs, output => Assert.Contains(rows, row => row.Name == $"dinov2-tiny/{Path.GetFileName(folder)} ({layout}): {output}"));
            }
        }
    }

    [Fact]
    public void The_CLIP_text_encoder_reproduces_the_reference_in_both_key_layouts()
    {
        var rows = EncoderGoldens.VerifyClipText(Fixtures.Folder);

        Assert.Equal(5, rows.Count); // the projection is in OpenAI's layout only
        Passes(rows);
    }

    [Fact]
    public void Comparisons_leave_no_tensor_behind()
    {
        EncoderGoldens.VerifyClipText(Fixtures.Folder); // static scalars of the library exist from here on
        var before = LiveTensors.Count;
        EncoderGoldens.VerifyDinoV2(Fixtures.Folder);
        EncoderGoldens.VerifyClipText(Fixtures.Folder);
        LiveTensors.AreAsManyAs(before);
    }

    private static void Passes(IReadOnlyList<VerificationRow> rows)
    {
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.True(row.Pass && row.Tolerance <= 1e-4, row.ToString()));
    }
}
