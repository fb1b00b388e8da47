using System.Globalization;
using System.Runtime.InteropServices;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Training.Text;

namespace Paris.Training.Data;

/// <summary>
/// Collects samples and writes them out as shards of at most 8,192 samples and 64 MiB; holds one shard in memory. Not thread-safe.
/// </summary>
public sealed class ShardWriter
{
    /// <summary>Most samples of one shard.</summary>
    public const int MaxSamples = 8192;

    private const int MaxBytes = 64 << 20;

    private readonly Func<string, Stream, Task<BlobEntry>> _put;
    private readonly string _prefix;
    private readonly string _content;
    private readonly int[] _shape;
    private readonly bool _clustered;
    private readonly int _capacity;
    private readonly int _sampleBytes;
    private readonly List<ShardEntry> _shards = [];
    private readonly List<long> _classCounts = [];
    private readonly List<long> _ids = [];
    private readonly List<long> _labels = [];
    private readonly List<long> _clusters = [];
    private readonly byte[] _values;
    private readonly TensorType? _type;
    private readonly TextShape? _text;
    private readonly byte[] _sequences = [];
    private readonly byte[] _pooled = [];
    private (int Number, int Blobs)? _named; // the shard begun last, and how many blobs it has filled

    /// <summary>A writer without samples.</summary>
    /// <param name="put">Uploads a blob: <c>JobFence.PutOutputAsync</c>.</param>
    /// <param name="prefix">Shards are named <c>{prefix}-00000.safetensors</c> ….</param>
    /// <param name="content"><see cref="ShardContent"/>.</param>
    /// <param name="shape">Shape of one sample.</param>
    /// <param name="clustered">Whether samples carry a cluster.</param>
    /// <param name="expected">Samples to come, as far as known, so that small sets take little memory.</param>
    /// <param name="type">F16 stores a content of floats at half its size; null is the content's own type.</param>
    /// <param name="text">Shapes of the encoded captions that every sample carries; null without text.</param>
    public ShardWriter(Func<string, Stream, Task<BlobEntry>> put, string prefix, string content, IReadOnlyList<int> shape, bool clustered = false, long expected = MaxSamples, TensorType? type = null, TextShape? text = null)
    {
        _type = type;
        (_put, _prefix, _content, _shape, _clustered) = (put, prefix, content, [.. shape], clustered);
        _sampleBytes = SampleBytes(content, shape, type);
        _capacity = (int)Math.Clamp(expected, 1, CapacityOf(content, shape, type, text));
        _values = new byte[checked(_capacity * _sampleBytes)];
        if (text is not null)
        {
            _text = text;
            _sequences = new byte[checked(_capacity * text.SequenceSize * ShardText.Width)];
            _pooled = new byte[checked(_capacity * text.Pooled * ShardText.Width)];
        }
    }

    /// <summary>Samples added so far.</summary>
    public long Count { get; private set; }

    /// <summary>Samples of one shard at most.</summary>
    public static int CapacityOf(string content, IReadOnlyList<int> shape, TensorType? type = null, TextShape? text = null)
        => Math.Clamp(MaxBytes / (SampleBytes(content, shape, type) + (text is null ? 0 : ShardText.Width * (text.SequenceSize + text.Pooled))), 1, MaxSamples);

    /// <summary>
    /// What comes now belongs to the shard of this number, whose name carries it; what came before is written. So the cuts between shards
    /// are the caller's, whatever was left out before.
    /// </summary>
    public async Task BeginShardAsync(int number)
    {
        await EndShardAsync().ConfigureAwait(false);
        _named = (number, 0);
    }

    /// <summary>Adds a sample of floats; with text, as below.</summary>
    public Task AddAsync(ReadOnlySpan<float> values, long id, long label, long cluster = -1, ReadOnlySpan<byte> sequence = default, ReadOnlySpan<byte> pooled = default)
    {
        if (_type != TensorType.F16)
        {
            return AddAsync(MemoryMarshal.AsBytes(values), id, label, cluster, sequence, pooled);
        }

        var halves = new Half[values.Length];
        FloatFormats.SingleToHalf(values, halves);
        return AddAsync(MemoryMarshal.AsBytes<Half>(halves), id, label, cluster, sequence, pooled);
    }

    /// <summary>Adds a sample as stored: pixels, or the bytes of its floats; with text, the F16 bytes of its caption's sequence and pooled embedding.</summary>
    public Task AddAsync(ReadOnlySpan<byte> values, long id, long label, long cluster = -1, ReadOnlySpan<byte> sequence = default, ReadOnlySpan<byte> pooled = default)
    {
        var (sequenceBytes, pooledBytes) = _text is null ? (0, 0) : (_text.SequenceSize * ShardText.Width, _text.Pooled * ShardText.Width);
        if (sequence.Length != sequenceBytes || pooled.Length != pooledBytes)
        {
            throw new ArgumentException($"A caption has {sequenceBytes} and {pooledBytes} bytes here, not {sequence.Length} and {pooled.Length}.", nameof(sequence));
        }

        if (values.Length != _sampleBytes)
        {
            throw new ArgumentException($"A sample of {_content} {string.Join('×', _shape)} has {_sampleBytes} bytes, not {values.Length}.", nameof(values));
        }

        values.CopyTo(_values.AsSpan(_ids.Count * _sampleBytes));
        sequence.CopyTo(_sequences.AsSpan(_ids.Count * sequenceBytes));
        pooled.CopyTo(_pooled.AsSpan(_ids.Count * pooledBytes));
        _ids.Add(id);
        _labels.Add(label);
        _clusters.Add(cluster);
        Count++;
        if (label >= 0)
        {
            while (_classCounts.Count <= label)
            {
                _classCounts.Add(0);
            }

            _classCounts[(int)label]++;
        }

        return _ids.Count == _capacity ? FlushAsync() : Task.CompletedTask;
    }

    /// <summary>Writes what is left and returns the manifest; the caller adds class names, cluster and source, and uploads it.</summary>
    public async Task<ShardManifest> CompleteAsync()
    {
        await EndShardAsync().ConfigureAwait(false);
        return new ShardManifest { Content = _content, Type = _type == ShardContent.TypeOf(_content) ? null : _type, Count = Count, Shape = _shape, Shards = [.. _shards], ClassCounts = [.. _classCounts], Text = _text };
    }

    private static int SampleBytes(string content, IReadOnlyList<int> shape, TensorType? type)
        => shape.Aggregate((type ?? ShardContent.TypeOf(content)).Size(), (product, side) => checked(product * side));

    private Task EndShardAsync() => _ids.Count > 0 ? FlushAsync() : Task.CompletedTask;

    private async Task FlushAsync()
    {
        var values = _values.AsMemory(0, _ids.Count * _sampleBytes);
        var text = _text is null ? null : new ShardText(
            _text,
            _sequences.AsMemory(0, _ids.Count * _text.SequenceSize * ShardText.Width),
            _pooled.AsMemory(0, _ids.Count * _text.Pooled * ShardText.Width));
        var shard = new Shard(_content, _shape, values, [.. _ids], [.. _labels], _clustered ? [.. _clusters] : null, _type, text);
        using var stream = new MemoryStream(values.Length + (text is null ? 0 : text.Sequence.Length + text.Pooled.Length) + (_ids.Count * 24) + 4096);
        ShardFile.Write(stream, shard);
        stream.Position = 0;
        var (number, rest) = _named ?? (_shards.Count, 0);
        var name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}-{number:D5}{(rest > 0 ? $"-{rest}" : "")}.safetensors");
        if (_named is not null)
        {
            _named = (number, rest + 1);
        }

        var entry = await _put(name, stream).ConfigureAwait(false);
        _shards.Add(new ShardEntry(entry.Name, entry.Bytes, entry.Sha256, _ids.Count));
        _ids.Clear();
        _labels.Clear();
        _clusters.Clear();
    }
}
