using Paris.Core;
using Xunit;

namespace Paris.Worker.Tests;

public sealed class VerifyCommandTests
{
    private static string Fixtures
    {
        get
        {
            if (Environment.GetEnvironmentVariable("PARIS_FIXTURES") is { Length: > 0 } folder)
            {
                return folder;
            }

            var at = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(at.FullName, "Paris.Orleans.sln")))
            {
                at = at.Parent ?? throw new InvalidOperationException("the tests do not run below the repository's root");
            }

            return Path.Combine(at.FullName, "tests", "fixtures");
        }
    }

    [Fact]
    public void Every_golden_comparison_passes()
    {
        var rows = VerifyCommand.Run(Fixtures);
        Assert.All(rows, row => Assert.True(row.Pass && row.Tolerance <= 1e-4, $"{row.Name}: {row.MaxAbs} over {row.Tolerance}"));
        foreach (var set in new[] { "paris-tiny/io", "paris-tiny/sample", "paris-tiny through import and export", "training-golden", "statistics/kmeans", "statistics/frechet", "dinov2-tiny/", "clip-text-tiny", "autoencoder-kl-tiny", "dit-tiny" })
        {
            Assert.Contains(rows, row => row.Name.StartsWith(set, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_changed_weight_is_noticed()
    {
        var copy = Directory.CreateTempSubdirectory("paris-verify-").FullName;
        try
        {
            File.Copy(Path.Combine(Fixtures, "tolerances.json"), Path.Combine(copy, "tolerances.json"));
            foreach (var file in Directory.EnumerateFiles(Path.Combine(Fixtures, "paris-tiny"), "*", SearchOption.AllDirectories))
            {
                var target = Path.Combine(copy, Path.GetRelativePath(Fixtures, file));
                Directory.CreateDirectory(Path.GetDirectoryName(target)!);
                File.Copy(file, target);
            }

            var weights = Path.Combine(copy, "paris-tiny", "expert_0", "diffusion_pytorch_model.safetensors");
            var bytes = File.ReadAllBytes(weights);
            for (var i = bytes.Length - 4000; i < bytes.Length; i += 4)
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(i), 0.5f);
            }

            File.WriteAllBytes(weights, bytes);
            var rows = VerifyCommand.Run(copy);
            Assert.Contains(rows, row => !row.Pass && row.Name.Contains("expert_0.velocity", StringComparison.Ordinal));
            Assert.Contains(rows, row => row.Pass && row.Name.Contains("expert_1.velocity", StringComparison.Ordinal));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void A_missing_folder_is_an_input_error() => Assert.Throws<ParisInputException>(() => VerifyCommand.Run("no-such-folder"));
}
