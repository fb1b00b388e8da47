using System.Globalization;
using System.Runtime.InteropServices;
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
    private readonly TextShape? _text;
    private readonly byte[] _sequences = [];
    private readonly byte[] _pooled = [];

    /// <summary>A writer without samples.</summary>
    /// <param name="put">Uploads a blob: <c>JobFence.PutOutputAsync</c>.</param>
    /// <param name="prefix">Shards are named <c>{prefix}-00000.safetensors</c> ….</param>
    /// <param name="content"><see cref="ShardContent"/>.</param>
    /// <param name="shape">Shape of one sample.</param>
    /// <param name="clustered">Whether samples carry a cluster.</param>
    /// <param name="expected">Samples to come, as far as known, so that small sets take little memory.</param>
    /// <param name="text">Shapes of the encoded captions that every sample carries; null without text.</param>
    public ShardWriter(Func<string, Stream, Task<BlobEntry>> put, string prefix, string content, IReadOnlyList<int> shape, bool clustered = false, long expected = MaxSamples, TextShape? text = null)
    {
        (_put, _prefix, _content, _shape, _clustered) = (put, prefix, content, [.. shape], clustered);
        _sampleBytes = shape.Aggregate(content == ShardContent.Pixels ? 1 : sizeof(float), (product, side) => checked(product * side));
        var textBytes = text is null ? 0 : ShardText.Width * (text.SequenceSize + text.Pooled);
        _capacity = (int)Math.Clamp(Math.Min(MaxBytes / (_sampleBytes + textBytes), expected), 1, MaxSamples);
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

    /// <summary>Adds a sample of floats.</summary>
    public Task AddAsync(ReadOnlySpan<float> values, long id, long label, long cluster = -1)
        => AddAsync(MemoryMarshal.AsBytes(values), id, label, cluster);

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
        if (_ids.Count > 0)
        {
            await FlushAsync().ConfigureAwait(false);
        }

        return new ShardManifest { Content = _content, Count = Count, Shape = _shape, Shards = [.. _shards], ClassCounts = [.. _classCounts], Text = _text };
    }

    private async Task FlushAsync()
    {
        var values = _values.AsMemory(0, _ids.Count * _sampleBytes);
        var text = _text is null ? null : new ShardText(
            _text,
            _sequences.AsMemory(0, _ids.Count * _text.SequenceSize * ShardText.Width),
            _pooled.AsMemory(0, _ids.Count * _text.Pooled * ShardText.Width));
        var shard = new Shard(_content, _shape, values, [.. _ids], [.. _labels], _clustered ? [.. _clusters] : null, text);
        using var stream = new MemoryStream(values.Length + (text is null ? 0 : text.Sequence.Length + text.Pooled.Length) + (_ids.Count * 24) + 4096);
        ShardFile.Write(stream, shard);
        stream.Position = 0;
        var name = string.Create(CultureInfo.InvariantCulture, $"{_prefix}-{_shards.Count:D5}.safetensors");
        var entry = await _put(name, stream).ConfigureAwait(false);
        _shards.Add(new ShardEntry(entry.Name, entry.Bytes, entry.Sha256, _ids.Count));
        _ids.Clear();
        _labels.Clear();
        _clusters.Clear();
    }
}
