using Paris.Core;
using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>A file that could not be used, and why.</summary>
public sealed record BadFile(string Name, string Reason);

/// <summary>
/// Decodes image files (JPEG, PNG, WebP, PGM, PPM), crops the centred square and resizes it. Transparent images lie on white. A file that
/// cannot be read is listed and skipped, or ends the reading.
/// </summary>
public sealed class EncodedImageSource : IImageSource
{
    private readonly IEncodedSamples _samples;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, int> _labels = new(StringComparer.Ordinal);
    private readonly List<BadFile> _bad = [];
    private readonly SortedDictionary<string, (long Images, double Seconds)> _decoded = new(StringComparer.Ordinal);
    private readonly bool _skipBad;
    private int _next;
    private int _end;

    /// <param name="samples">The files; disposed with this.</param>
    /// <param name="side">S.</param>
    /// <param name="channels">1 or 3.</param>
    /// <param name="limit">Only the first files; 0 takes all.</param>
    /// <param name="skipBad">Skip files that cannot be read.</param>
    /// <param name="time">Measures the shares of the work.</param>
    /// <exception cref="ParisInputException">A class is not among the source's.</exception>
    public EncodedImageSource(IEncodedSamples samples, int side, int channels, int limit = 0, bool skipBad = false, TimeProvider? time = null)
    {
        if (channels is not (1 or 3))
        {
            throw new ParisInputException($"data.channels is {channels}; use 1 (grey) or 3 (colour).");
        }

        _samples = samples;
        _time = time ?? TimeProvider.System;
        _skipBad = skipBad;
        (Side, Channels) = (side, channels);
        Count = limit > 0 ? Math.Min(limit, samples.Samples.Count) : samples.Samples.Count;
        _end = Count;
        for (var i = 0; i < samples.Classes.Count; i++)
        {
            _labels[samples.Classes[i]] = i;
        }

        if (samples.Samples.FirstOrDefault(x => x.Class is not null && !_labels.ContainsKey(x.Class)) is { } stranger)
        {
            throw new ParisInputException($"'{stranger.Name}' is of the class '{stranger.Class}', which data.classes does not name; it names {string.Join(", ", samples.Classes)}.");
        }
    }

    public string Description => _samples.Description;

    public int Count { get; }

    public int Channels { get; }

    public int Side { get; }

    public IReadOnlyList<string> Classes => _samples.Classes;

    public IReadOnlyList<BadFile> Bad => _bad;

    public long Position => _next - 1;

    /// <summary>Seconds spent reading files, decoding, and cropping and resizing.</summary>
    public (double Read, double Decode, double Resize) Seconds { get; private set; }

    /// <summary>Images decoded and the seconds it took, by format: <c>jpeg</c>, <c>png</c>, <c>webp</c>, <c>pnm</c>.</summary>
    public IReadOnlyDictionary<string, (long Images, double Seconds)> Decoded => _decoded;

    public void Select(int first, int end)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(first, _next);
        (_next, _end) = (first, Math.Min(end, Count));
    }

    public bool TryRead(Span<byte> pixels, out long label, out string? caption)
    {
        while (_next < _end)
        {
            var sample = _samples.Samples[_next++];
            try
            {
                caption = Load(sample, pixels);
            }
            catch (Exception exception) when (exception is ParisInputException or IOException or UnauthorizedAccessException)
            {
                if (!_skipBad)
                {
                    throw exception as ParisInputException ?? new ParisInputException($"'{sample.Name}' cannot be read: {exception.Message}", exception);
                }

                _bad.Add(new BadFile(sample.Name, exception.Message));
                continue;
            }

            label = sample.Class is null ? -1 : _labels[sample.Class];
            return true;
        }

        (label, caption) = (-1, null);
        return false;
    }

    public void Dispose() => _samples.Dispose();

    private string? Load(EncodedSample sample, Span<byte> pixels)
    {
        var started = _time.GetTimestamp();
        var (bytes, caption) = sample.Read();
        var read = _time.GetTimestamp();
        var image = ImageFile.Decode(bytes, sample.Name).To(Channels);
        var decoded = _time.GetTimestamp();
        ImageResampler.CropAndResize(Planes(image), Channels, image.Height, image.Width, Side, pixels);
        Seconds = (
            Seconds.Read + _time.GetElapsedTime(started, read).TotalSeconds,
            Seconds.Decode + _time.GetElapsedTime(read, decoded).TotalSeconds,
            Seconds.Resize + _time.GetElapsedTime(decoded).TotalSeconds);
        var format = ImageFile.FormatOf(bytes) ?? "";
        var known = _decoded.GetValueOrDefault(format);
        _decoded[format] = (known.Images + 1, known.Seconds + _time.GetElapsedTime(read, decoded).TotalSeconds);
        return caption;
    }

    // [H, W, C] to [C, H, W].
    private static byte[] Planes(RasterImage image)
    {
        if (image.Channels == 1)
        {
            return image.Pixels;
        }

        var planes = new byte[image.Pixels.Length];
        var area = image.Width * image.Height;
        for (var p = 0; p < area; p++)
        {
            for (var c = 0; c < image.Channels; c++)
            {
                planes[(c * area) + p] = image.Pixels[(p * image.Channels) + c];
            }
        }

        return planes;
    }
}
