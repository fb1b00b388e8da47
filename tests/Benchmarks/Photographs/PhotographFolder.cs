using System.Globalization;
using Paris.Core.Formats;
using Paris.Core.Random;
using Paris.Core.Tests.Formats;

namespace Paris.Benchmarks.Photographs;

/// <summary>
/// A folder as people have them, to measure and try <c>paris ingest</c> on: pictures of 768×512 with smooth shades, edges and grain, eight of
/// ten as JPEG, the others PNG and lossless WebP, each with a caption beside it. Every twentieth file is broken; every fiftieth picture is
/// there twice as a copy, every fiftieth a second time at a lower quality. A seed gives the same bytes where the encoders are the same.
/// </summary>
internal static class PhotographFolder
{
    private const int Width = 768;
    private const int Height = 512;

    private static readonly string[] _things = ["a lighthouse", "a red barn", "three boats", "a mountain lake", "an old bridge", "a market", "a cat on a wall", "a train"];

    /// <summary>Writes it.</summary>
    /// <param name="folder">A new folder.</param>
    /// <param name="count">Files but for captions.</param>
    /// <param name="seed">Of the pictures.</param>
    /// <returns>How many are broken, copies, and lesser copies.</returns>
    public static (int Broken, int Copies, int Lesser) Write(string folder, int count, ulong seed)
    {
        Directory.CreateDirectory(folder);
        var (broken, copies, lesser) = (0, 0, 0);
        var last = "";
        for (var i = 0; i < count; i++)
        {
            var name = Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{i:D6}"));
            File.WriteAllText(name + ".txt", $"{_things[i % _things.Length]}, picture {i.ToString(CultureInfo.InvariantCulture)}\n");
            if (i % 20 == 19)
            {
                broken++;
                Break(name, last, i / 20 % 4);
                continue;
            }

            if (i % 50 == 30)
            {
                copies++;
                File.Copy(last, name + Path.GetExtension(last));
                continue;
            }

            if (i % 50 == 41)
            {
                lesser++;
                File.WriteAllBytes(name + ".jpg", NativeEncoders.Jpeg(Picture(seed, i - 1), quality: 60));
                continue;
            }

            var picture = Picture(seed, i);
            last = name + (i % 10) switch { 3 => ".png", 7 => ".webp", _ => ".jpg" };
            File.WriteAllBytes(last, (i % 10) switch
            {
                3 => PngEncoder.Encode(picture),
                7 => NativeEncoders.WebP(picture),
                _ => NativeEncoders.Jpeg(picture, quality: 90),
            });
        }

        return (broken, copies, lesser);
    }

    /// <summary>Cut off, empty, text under a picture's name, or a header that claims 60,000×60,000.</summary>
    private static void Break(string name, string whole, int how)
    {
        switch (how)
        {
            case 0:
                var bytes = File.ReadAllBytes(whole);
                File.WriteAllBytes(name + Path.GetExtension(whole), bytes[..(bytes.Length / 3)]);
                break;
            case 1:
                File.WriteAllBytes(name + ".jpg", []);
                break;
            case 2:
                File.WriteAllText(name + ".png", "<html>404</html>");
                break;
            default:
                File.WriteAllText(name + ".ppm", "P6 60000 60000 255\n");
                break;
        }
    }

    private static RasterImage Picture(ulong seed, int number)
    {
        var key = new PhiloxKey(seed, RandomPurpose.Simulation, number);
        var waves = new float[3 * 6 * 4];
        key.FillUniform(waves);
        var grain = new float[Width * Height];
        key.FillNormal(grain, offset: 1024);
        var image = new RasterImage(Width, Height, 3);
        var (edgeX, edgeY) = (waves[0] * Width, waves[1] * Height);
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                for (var c = 0; c < 3; c++)
                {
                    var value = 128f;
                    for (var w = 0; w < 6; w++)
                    {
                        var wave = waves.AsSpan(((c * 6) + w) * 4, 4);
                        value += 22 * MathF.Sin((wave[0] * 12 * x / Width) + (wave[1] * 12 * y / Height) + (wave[2] * 6.28f)) * wave[3];
                    }

                    value += (x > edgeX ? 25 : -25) + (y > edgeY ? -20 : 20) + (5 * grain[(y * Width) + x]);
                    image.Pixels[(((y * Width) + x) * 3) + c] = (byte)Math.Clamp(value, 0, 255);
                }
            }
        }

        return image;
    }
}
