using System.IO.Compression;
using System.Text;
using Paris.Core.Formats;
using Paris.Core.Formats.Torch;
using Xunit;

namespace Paris.Core.Tests.Formats.Torch;

/// <summary>Files that torch wrote (archives/, by make.py) read as their safetensors twins; hostile ones end in a sentence.</summary>
public sealed class TorchArchiveTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("paris-torch-").FullName;

    private static string Fixtures => Path.Combine(AppContext.BaseDirectory, "Formats", "Torch", "archives");

    [Theory]
    [InlineData("state-dict.pt", "")]
    [InlineData("training.pt", "ema")]
    public void ReadsWhatTorchWrote(string name, string group)
    {
        using var archive = TorchArchive.Open(Path.Combine(Fixtures, name));
        using var expected = SafetensorsFile.Open(Path.Combine(Fixtures, "expected.safetensors"));
        Assert.Equal(group, archive.Group);
        Assert.Equal(expected.Tensors.Select(x => x.Spec.ToString()).Order(), archive.Tensors.Select(x => x.ToString()).Order());
        foreach (var tensor in expected.Tensors)
        {
            Assert.Equal(expected.View<byte>(tensor.Name).ToArray(), archive.Read(tensor.Name));
        }

        using var opened = WeightsOnDisk.OpenTensors(Path.Combine(Fixtures, name));
        Assert.Equal(expected.ToSingles("half"), opened.ToSingles("half"));
        Assert.Empty(Directory.GetFiles(Path.GetTempPath(), "paris-weights-*"));
    }

    [Fact]
    public void NothingThatAPickleNamesIsRun()
    {
        var witness = Path.Combine(_folder, "witness");
        var pickle = Encoding.UTF8.GetBytes($"cposix\nsystem\n(X{Length($"touch {witness}")}touch {witness}tR.");

        Refused("names 'posix.system', which is not part of a tensor; nothing of the file was run", [0x80, 2, .. pickle]);

        Assert.False(File.Exists(witness));
    }

    [Theory]
    [InlineData("names 'builtins.eval'", "\u0080\u0002cbuiltins\neval\n.")]
    [InlineData("names 'torch.load'", "\u0080\u0002ctorch\nload\n.")]
    [InlineData("holds the instruction 0x69", "\u0080\u0002(ios\nsystem\n.")]
    [InlineData("holds the instruction 0x81", "\u0080\u0002)\u0081.")]
    [InlineData("ends or changes its mind", "\u0080\u0002X")]
    [InlineData("ends or changes its mind", "\u0080\u0002X\u00ff\u00ff\u00ff\u00ffabc.")]
    [InlineData("ends or changes its mind", "\u0080\u0002(ttttt.")]
    [InlineData("ends or changes its mind", "\u0080\u0002Nu.")]
    [InlineData("ends or changes its mind", "")]
    [InlineData("refers to its value 9", "\u0080\u0002h\u0009.")]
    [InlineData("protocol above 5", "\u0080\u0009.")]
    [InlineData("holds no dictionary of tensors", "\u0080\u0002}.")]
    [InlineData("holds no dictionary of tensors", "\u0080\u0002N.")]
    public void AHostilePickleIsRefused(string message, string pickle) => Refused(message, Encoding.Latin1.GetBytes(pickle));

    [Theory]
    [InlineData("does not fit its data of 16 bytes", 0, "K\u0005\u0085", "K\u0001\u0085")] // one element more than there is
    [InlineData("does not fit its data of 16 bytes", 2, "K\u0003\u0085", "K\u0001\u0085")] // begins too late
    [InlineData("does not fit its data of 16 bytes", 0, "M\u00ff\u00ff\u0085", "K\u0000\u0085")] // stride 0: one number as many
    [InlineData("does not fit its data of 16 bytes", 0, "K\u0002\u0085", "J\u00ff\u00ff\u00ff\u00ff\u0085")] // backwards
    [InlineData("does not fit its data of 16 bytes", 0, "K\u0002\u0085", "K\u0001K\u0001\u0086")] // two strides for one side
    [InlineData("impossible size", 0, "\u008a\u0008\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff\u007f\u0085", "K\u0004\u0085")]
    public void ATensorMustLieInItsData(string message, byte offset, string shape, string strides)
    {
        var pickle = $"\u0080\u0002}}X\u0001\u0000\u0000\u0000wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\u0000\u0000\u0000storagectorch\nFloatStorage\n"
            + $"X\u0001\u0000\u0000\u00000X\u0003\u0000\u0000\u0000cpuK\u0004tQK{(char)offset}{shape}{strides}\u0089}}tRs.";

        Refused(message, Encoding.Latin1.GetBytes(pickle));
    }

    [Fact]
    public void CompressedDataAndMissingDataAreRefused()
    {
        var pickle = Encoding.Latin1.GetBytes("\u0080\u0002}X\u0001\u0000\u0000\u0000wctorch._utils\n_rebuild_tensor_v2\n((X\u0007\u0000\u0000\u0000storagectorch\nFloatStorage\n"
            + "X\u0001\u0000\u0000\u00000X\u0003\u0000\u0000\u0000cpuK\u0004tQK\u0000K\u0004\u0085K\u0001\u0085\u0089}tRs.");

        Assert.Contains("is compressed", Error(Archive(pickle, new byte[1 << 20], CompressionLevel.SmallestSize)));
        Assert.Contains("the data of tensor 'w' is missing", Error(Archive(pickle, null)));
        Assert.Contains("needs at most", Error(Archive(new byte[PickleReader.MaxBytes + 1], null, CompressionLevel.SmallestSize)));
    }

    [Fact]
    public void OtherFilesAreNamed()
    {
        var text = Path.Combine(_folder, "text.pt");
        File.WriteAllText(text, "no zip");
        Assert.Contains("no readable torch file", Error(text));
        var old = Path.Combine(_folder, "old.pt");
        File.WriteAllBytes(old, [0x80, 2, (byte)'.']);
        Assert.Contains("before PyTorch 1.6", Error(old));
        Assert.Contains("cannot be read", Error(Path.Combine(_folder, "absent.pt")));
        var zip = Path.Combine(_folder, "other.zip");
        using (var archive = ZipFile.Open(zip, ZipArchiveMode.Create))
        {
            archive.CreateEntry("readme.txt");
        }

        Assert.Contains("without data.pkl", Error(zip));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Length(string text) => Encoding.Latin1.GetString(BitConverter.GetBytes(text.Length));

    private static string Error(string path) => Assert.Throws<ParisInputException>(() =>
    {
        using var archive = TorchArchive.Open(path);
    }).Message;

    private void Refused(string message, byte[] pickle) => Assert.Contains(message, Error(Archive(pickle, new byte[16])));

    private string Archive(byte[] pickle, byte[]? data, CompressionLevel level = CompressionLevel.NoCompression)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".pt");
        using var zip = ZipFile.Open(path, ZipArchiveMode.Create);
        Add("archive/data.pkl", pickle);
        if (data is not null)
        {
            Add("archive/data/0", data);
        }

        return path;

        void Add(string name, byte[] bytes)
        {
            using var stream = zip.CreateEntry(name, level).Open();
            stream.Write(bytes);
        }
    }
}
