using Paris.Core.Formats;

namespace Paris.Training.Data;

/// <summary>
/// A sheet of equally large pictures with thin gutters: contact sheets, previews and sample grids. Pictures are placed row by row;
/// grey ones make a grey sheet, colour ones a colour sheet.
/// </summary>
public sealed class ImageGrid
{
    private readonly byte[] _sheet; // interleaved [height, width, channels]
    private readonly int _gutter;
    private readonly int _scale;

    /// <summary>An empty sheet.</summary>
    /// <param name="columns">Pictures a row.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="channels">1 (grey) or 3 (colour).</param>
    /// <param name="height">Height of a picture, pixels.</param>
    /// <param name="width">Width of a picture, pixels.</param>
    /// <param name="scale">Every pixel becomes a square of this side.</param>
    /// <param name="gutter">Pixels between pictures and around the sheet.</param>
    /// <param name="background">Value of the gutters, 0 … 255.</param>
    public ImageGrid(int columns, int rows, int channels, int height, int width, int scale = 1, int gutter = 2, byte background = 64)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(scale, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(gutter);
        if (channels is not (1 or 3))
        {
            throw new ArgumentOutOfRangeException(nameof(channels), channels, "A picture has 1 or 3 channels.");
        }

        (Columns, Rows, Channels, Height, Width, _scale, _gutter) = (columns, rows, channels, height, width, scale, gutter);
        SheetWidth = checked((columns * ((width * scale) + gutter)) + gutter);
        SheetHeight = checked((rows * ((height * scale) + gutter)) + gutter);
        _sheet = new byte[checked(SheetWidth * SheetHeight * channels)];
        _sheet.AsSpan().Fill(background);
    }

    public int Columns { get; }

    public int Rows { get; }

    public int Channels { get; }

    /// <summary>Height of one picture before scaling.</summary>
    public int Height { get; }

    /// <summary>Width of one picture before scaling.</summary>
    public int Width { get; }

    public int SheetWidth { get; }

    public int SheetHeight { get; }

    /// <summary>The sheet's bytes, interleaved [height, width, channels].</summary>
    public ReadOnlySpan<byte> Sheet => _sheet;

    /// <summary>The sheet as a PNG file.</summary>
    public byte[] ToPng() => PngEncoder.Encode(new RasterImage(SheetWidth, SheetHeight, Channels, _sheet));

    /// <summary>Places picture <paramref name="cell"/> (row by row), given as bytes [C, H, W].</summary>
    public void Place(int cell, ReadOnlySpan<byte> pixels)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(cell);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(cell, Columns * Rows);
        if (pixels.Length != Channels * Height * Width)
        {
            throw new ArgumentException($"A picture of {Channels}×{Height}×{Width} has {Channels * Height * Width} bytes, not {pixels.Length}.", nameof(pixels));
        }

        var left = _gutter + (cell % Columns * ((Width * _scale) + _gutter));
        var top = _gutter + (cell / Columns * ((Height * _scale) + _gutter));
        for (var y = 0; y < Height * _scale; y++)
        {
            var row = _sheet.AsSpan((((top + y) * SheetWidth) + left) * Channels, Width * _scale * Channels);
            for (var x = 0; x < Width * _scale; x++)
            {
                for (var c = 0; c < Channels; c++)
                {
                    row[(x * Channels) + c] = pixels[(((c * Height) + (y / _scale)) * Width) + (x / _scale)];
                }
            }
        }
    }

    /// <summary>Places picture <paramref name="cell"/>, given as values −1 … 1 [C, H, W]; values outside are clamped.</summary>
    public void Place(int cell, ReadOnlySpan<float> values)
    {
        var pixels = new byte[values.Length];
        Pixels.ToBytes(values, pixels);
        Place(cell, pixels);
    }
}
