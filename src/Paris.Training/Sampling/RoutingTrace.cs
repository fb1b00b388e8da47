using System.Text.Json;
using Paris.Core.Formats;

namespace Paris.Training.Sampling;

/// <summary>Which expert drew how much of which image at which step: as JSON for programs, as a picture for people.</summary>
public static class RoutingTrace
{
    private const int StepWidth = 4;
    private const int MaxBarWidth = 200;
    private const int BarHeight = 48;
    private const int Gutter = 2;

    /// <summary>Dark grey, as the gutters of an <see cref="Data.ImageGrid"/>.</summary>
    private const byte Background = 64;

    /// <summary>Colours of experts 0 … 11, told apart by hue and lightness; further experts walk round the hues.</summary>
    private static readonly (byte R, byte G, byte B)[] _colours =
    [
        (0x4e, 0x79, 0xa7), (0xf2, 0x8e, 0x2b), (0x59, 0xa1, 0x4f), (0xe1, 0x57, 0x59), (0x76, 0xb7, 0xb2), (0xed, 0xc9, 0x48),
        (0xb0, 0x7a, 0xa1), (0x9c, 0x75, 0x5f), (0xff, 0x9d, 0xa7), (0x2f, 0x4b, 0x7c), (0xa0, 0xcb, 0xe8), (0x8c, 0xd1, 0x7d),
    ];

    /// <summary>
    /// <c>{strategy, seed, guidance, experts: [k …], images: [{image, prompt, steps: [{t, weights: {k: w}}]}]}</c>: weights of experts that ran,
    /// which add up to 1 (with <c>full</c> to what the softmax leaves above 10⁻⁶).
    /// </summary>
    public static byte[] ToJson(DrawnImages drawn, string strategy, ulong seed)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("strategy", strategy);
            json.WriteNumber("seed", seed);
            json.WriteNumber("guidance", drawn.Guidance);
            json.WriteStartArray("experts");
            foreach (var number in drawn.Numbers)
            {
                json.WriteNumberValue(number);
            }

            json.WriteEndArray();
            json.WriteStartArray("images");
            for (var image = 0; image < drawn.Count; image++)
            {
                WriteImage(json, drawn, image);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return stream.ToArray();
    }

    /// <summary>
    /// A bar an image, in the order and rows of the grid: time runs from left (noise) to right, and a column is divided by the experts'
    /// weights, the first expert at the bottom. An expert has the same colour in every picture.
    /// </summary>
    public static byte[] ToPng(DrawnImages drawn, int columns)
    {
        var steps = drawn.Times.Count - 1;
        var (barWidth, rows) = (Math.Min(steps * StepWidth, MaxBarWidth), (drawn.Count + columns - 1) / columns);
        var (width, height) = ((columns * (barWidth + Gutter)) + Gutter, (rows * (BarHeight + Gutter)) + Gutter);
        var pixels = new byte[checked(width * height * 3)];
        pixels.AsSpan().Fill(Background);
        for (var image = 0; image < drawn.Count; image++)
        {
            var (left, top) = (Gutter + (image % columns * (barWidth + Gutter)), Gutter + (image / columns * (BarHeight + Gutter)));
            for (var x = 0; x < barWidth; x++)
            {
                var weights = drawn.WeightsOf(image, (int)((long)x * steps / barWidth));
                for (var y = 0; y < BarHeight; y++)
                {
                    var at = (((top + BarHeight - 1 - y) * width) + left + x) * 3;
                    (pixels[at], pixels[at + 1], pixels[at + 2]) = Colour(drawn.Numbers[ExpertAt(weights, (y + 0.5f) / BarHeight)]);
                }
            }
        }

        return PngEncoder.Encode(new RasterImage(width, height, 3, pixels));
    }

    /// <summary>An expert's colour.</summary>
    public static (byte R, byte G, byte B) Colour(int expert)
    {
        if (expert < _colours.Length)
        {
            return _colours[expert];
        }

        // The golden angle spreads any number of hues.
        var hue = expert * 137.507764 % 360 / 60;
        return (Channel(5), Channel(3), Channel(1));

        byte Channel(int n)
        {
            var k = (n + hue) % 6;
            return (byte)Math.Round(255 * (0.8 - (0.8 * 0.55 * Math.Clamp(Math.Min(k, 4 - k), 0, 1))));
        }
    }

    /// <summary>The expert whose part of the column holds this height, 0 … 1.</summary>
    private static int ExpertAt(ReadOnlySpan<float> weights, float height)
    {
        var sum = 0f;
        foreach (var weight in weights)
        {
            sum += weight;
        }

        var (level, last) = (0f, 0);
        for (var k = 0; k < weights.Length; k++)
        {
            level += weights[k] / sum;
            last = weights[k] > 0 ? k : last;
            if (height < level)
            {
                return k;
            }
        }

        return last; // rounding
    }

    private static void WriteImage(Utf8JsonWriter json, DrawnImages drawn, int image)
    {
        json.WriteStartObject();
        json.WriteNumber("image", image);
        if (drawn.Prompts is { } prompts)
        {
            json.WriteString("prompt", prompts[image]);
        }

        json.WriteStartArray("steps");
        for (var step = 0; step + 1 < drawn.Times.Count; step++)
        {
            json.WriteStartObject();
            json.WriteNumber("t", drawn.Times[step]);
            json.WriteStartObject("weights");
            var weights = drawn.WeightsOf(image, step);
            for (var k = 0; k < weights.Length; k++)
            {
                if (weights[k] > 0)
                {
                    json.WriteNumber(drawn.Numbers[k].ToString(System.Globalization.CultureInfo.InvariantCulture), weights[k]);
                }
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
