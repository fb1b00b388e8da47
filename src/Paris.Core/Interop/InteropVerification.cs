using Paris.Core.Formats;
using Paris.Core.Storage;

namespace Paris.Core.Interop;

/// <summary>The fixture paris-tiny through import and export, in a store of its own that is removed afterwards: every tensor must come back byte by byte.</summary>
public static class InteropVerification
{
    /// <summary>One row a file of weights: the number of its tensors that differ in name, type, shape or a byte must be 0.</summary>
    /// <param name="fixtures">The fixtures' folder.</param>
    /// <exception cref="ParisInputException">The fixture is no published ensemble.</exception>
    public static IReadOnlyList<VerificationRow> Verify(string fixtures) => VerifyAsync(Path.Combine(fixtures, "paris-tiny")).GetAwaiter().GetResult();

    private static async Task<IReadOnlyList<VerificationRow>> VerifyAsync(string source)
    {
        var folder = Directory.CreateTempSubdirectory("paris-interop-").FullName;
        try
        {
            var store = new LocalBlobStore(Path.Combine(folder, "store"), TimeProvider.System, new LocalBlobStoreOptions { Durable = false });
            var ensemble = PublishedEnsemble.Read(source);
            await new EnsembleImport(store, ensemble, "tiny").RunAsync().ConfigureAwait(false);
            var exported = Path.Combine(folder, "exported");
            await new EnsembleExport(store, "tiny", new ExportNotes()).RunAsync(exported).ConfigureAwait(false);
            return
            [
                .. ensemble.Experts.Select(x => $"{PublishedEnsemble.ExpertFolder(x.ExpertId)}/{PublishedEnsemble.ExpertWeights}").Append($"router/{PublishedEnsemble.RouterWeights}")
                    .Select(file => Compare(file, Path.Combine(source, file), Path.Combine(exported, file))),
            ];
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static VerificationRow Compare(string name, string before, string after)
    {
        using var expected = SafetensorsFile.Open(before);
        using var actual = SafetensorsFile.Open(after);
        var same = expected.Tensors.Count(x => actual.Contains(x.Name) && actual[x.Name].Spec == x.Spec && actual.View<byte>(x.Name).SequenceEqual(expected.View<byte>(x.Name)));
        var differing = Math.Max(expected.Tensors.Count, actual.Tensors.Count) - same;
        return new VerificationRow($"paris-tiny through import and export: {name}", differing, (double)differing / expected.Tensors.Count, 0, differing == 0 && same > 0);
    }
}
