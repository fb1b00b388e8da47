using System.Buffers.Binary;
using Paris.Core.Formats;
using Paris.Core.Random;
using Xunit;

namespace Paris.Core.Tests.Formats;

public sealed class PngTests
{
    /// <summary>
    /// Files made by a short script over zlib alone (rows use the filters 0 to 4 in turn): name, width, height, channels, the file, and
    /// the samples it must give.
    /// </summary>
    public static TheoryData<string, int, int, int, string, string> Foreign => new()
    {
        { "grey1", 11, 7, 1, "iVBORw0KGgoAAAANSUhEUgAAAAsAAAAHAQAAAAD2FYrwAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAB5JREFUeNpj2HSAcR8T09wHzLdyWc70MhQ2MPpvBABaywhMYH3d+QAAAABJRU5ErkJggg==", "/wD//wAA/wD//wD/AP//////AP//AAD/AP//AP///wD/AAAAAAD//////wD//wD/AAD//wD//wD///8AAAD//wAAAP8AAP////8AAAA=" },
        { "grey2", 5, 6, 1, "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGAgAAAABkIBM2AAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAABtJREFUeNpjeOrAeHwnU/sB5h0fWXgcGHwPAABEIgb5lxj3AAAAAABJRU5ErkJggg==", "/6pVVVX/AFX/qlUA/6pV/1X//6r/qqr//1UA/1X/" },
        { "grey4-adam7", 9, 9, 1, "iVBORw0KGgoAAAANSUhEUgAAAAkAAAAJBAAAAAF3DYRbAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAEtJREFUeNoBQAC//wChAbEAgAGAAGKQACIB9QK+APrrgAH1VaYAX7sBiBMCMUIDFY4Em88Am4+JpQABvfg2uawCw7D60cADIXvbjlXpnhm6RaR0CgAAAABJRU5ErkJggg==", "qlUi/4i7IrsRmbuI/4iZqlUA/4iqiO6Zu7uIu927Ve67qkRVZrv/mSLdVd2ZiABmVe5Vd1UR/3dVEUQzqlX/ZhHd7rvMImZ3uwC7zIjdM7sR" },
        { "grey8", 7, 6, 1, "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGCAAAAAAqZduqAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAADtJREFUeNoBMADP/wCaMJetlrRCAdb77DJZCHMCHpSHP2uwAAO9WNNrFHsOBDxW70/N6Y0AhZr+gNQKo/CjFRyCwFTsAAAAAElFTkSuQmCC", "mjCXrZa0QtbRve9IUMP0ZUQuswDDN6ZIpsDb3XP8lfXCxFGFmv6A1Aqj" },
        { "grey16", 5, 5, 1, "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFEAAAAAD4lKV6AAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAEJJREFUeNoBNwDI/wCdb/vHkqJJXfQwAQwsMjulp5qkGV8CCEsHdOXZiRBf2AOC8hQkUA2WB/rqBG7Djx5dL4AOBNF/FxYxNhj63wAAAABJRU5ErkJggg==", "nfuSSfMMPuJ9lRRGyAf1jHzyE336iU+Slg==" },
        { "grey8-transparent", 6, 6, 2, "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAGCAAAAADFp7CUAAAAAnRSTlMAAHaTzTgAAAAldEVYdENvbW1lbnQAbWFkZSB3aXRob3V0IGFuIGltYWdlIGxpYnJhcnmtcwamAAAANUlEQVR42gEqANX/APzzPAhAmQGQHOt24MYCKJd79JQ2A9skztcsFQSOLmeJM1cAIZsB3ZLxiJcR+iq5J6QAAAAASUVORK5CYII=", "/P/z/zz/CP9A/5n/kP+s/5f/Df/t/7P/uP9D/xL/Af+B/+n/N/9h/wf/2//a//b/xf/z/8j/ZP+X/+7/If+b/wH/3f+S//H/" },
        { "rgb8", 6, 7, 3, "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAHCAIAAACk8qu6AAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAAdJREFUeNoBhQB6/zpBa2kAAACJSURBVACfSVT0/qlO2RgjdYgrIA2q2yMBz/kZcEVX+QYlqAjIfof1xJrEAmjJC1DfzJQAcP3iRJwnYp2vMAN77ILeUbjaHX+aICVJDqJwmF4ElcWaFJtaiARkLUsa3KM+mGmNACr7bEfAtXiUqrLFwUW3l925EgFuXMqy1UjwLlVUtZOSngbkPpknWz8NM2dMLgAAAABJRU5ErkJggg==", "n0lU9P6pTtkYI3WIKyANqtsjz/kZPz5wOESV4ExdXtNSIm0WN8Ikjx08zEQF3S6h+vq0vxxGlk2UcIYgeIKRRHi+6MdbQwmuKxIuP+h6x+z1pTcPxBtN23I7KvtsR8C1eJSqssXBRbeX3bkSblzKIDESEF9nZBT69rIA2vCZ" },
        { "rgb8-adam7", 10, 11, 3, "iVBORw0KGgoAAAANSUhEUgAAAAoAAAALCAIAAAG+C7vZAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAWtJREFUeNoBYAGf/gDbpe6hHgsB9PAunjffAE2COAGfxPMAfSvbMiTXGNqJAE9RJHgQ9gH8fxiWxPYCOd+vuZKrAOfSVjAkeRt8GRiC0BNjWwEwiVers1MRoq0GHakobwACZhMy+CLJivugnTCpMtGXAOwzYr/F8I5SkhCwvOnxTwEXEbPkHj4DnC3m0fzqxF0CZnxsa2POovfi/q3vaGPLAwuez0sppkFFGFMQqdv3agQc3Cdp4gjBzhLVg7siPkIAJ1UnINDVfZrWX9cPXt5hADymleh6UxFmDHYozbqfXu+5kCLvU3tZahbcigPsHwEroDcBsu9BtrtK8fcJSi7domyeYi285efXdL10ia4CeYFlKvRgkZ2xWic2TvsTpdFtScHX5BQzmQl0xCpiA2O5n+ng1LAVJ0BeUjujl21IW6EdmzG2V8Ftv2LXYwToPp8KHYe/MqA9PHzTW/tZF7h+R2GjKpVPbPra/K1ZMKTo2qWD2AAAAABJRU5ErkJggg==", "26Xu7DNiT1Ekv8XwTYI4jlKSeBD2ELC8oR4L6fFPPKaV6HpTEWYMdijNup9e77mQIu9Te1lqFtyKA+wf59JWFxGzMCR5+y/xG3wZ/sseGILQ5JwaE2NbzmB3K6A3LFImbQjht/nYwEMGneVyO0ef9yyGzqBDQinxfSvbfY0f/H8YZpK/MiTXoMIAkkMO4kkJGNqJNsNCpCGcVkaG/qWSESAODj4ZQrbfhAh220C5Z6m3BlNTMIlXSeTe2zyqouR07N5X4hhS8vsANUDWGmoAEHj2tcntbmeNZpu2e7u0fx/9zbJJSXr6wxMwVssykGal9PAuZcAFNV7HC6INn8TzzOYfS9W5CmmRkicNLLbTnQeMeCQTLZmzavcvPXqv2MkBx8FbaqTFpTe/fzNslpyJJ1Un015zINDVdtn3fZrWjyupX9cPTDuXXt5h" },
        { "rgb16", 4, 6, 3, "iVBORw0KGgoAAAANSUhEUgAAAAQAAAAGEAIAAAA7y3RhAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAKFJREFUeNoBlgBp/wCm8DRiqQgnBB9u+CpGgSVEowtg8++cxKwBdUj0EzObi4dvAx2YOVTMcVuyFKqNu4rQAmyVsS0qGzQXWPfkeejdNZC+ylgtA3QjzQN6adjFT4U/mHweaFGLpZPYK0/wCoQ8chkE2USFhKcWOCCpGosEOV25Eq2fIS66Q8ZQAEiClMj/XS1dOEOXidDyrIQgYd1iGc1w0BY7QfzVRXlmAAAAAElFTkSuQmCC", "pjSoJx/3RiWiYe/EdfMzAWNQOS+rTbw14aVdNbo0IWRppb9Y6it9zu6/Azy/RAL9wq8l+pcIPPS1ZK/DSJT+LTiX0Kwg3Rpw" },
        { "palette4", 7, 6, 3, "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAGBAMAAAD9IJlFAAAAJ1BMVEWCtw7ufxpQOb7wfsI0fwZu0I9dx1EkR+NAQwACa25UVZSgZWhdZMThad7uAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAACdJREFUeNpjSPbaqMDo6HZbjklpwgcH5vvrLxWxfDnKI8DAbFNQAAChgQqxvd2c7wAAAABJRU5ErkJggg==", "XcdR8H7CNH8GVFWUoGVo7n8aUDm+NH8G7n8aQEMAJEfjXcdRUDm+QEMAXcdR8H7C7n8aJEfjbtCPUDm+XWTE7n8agrcOXWTEUDm+btCPXWTEgrcOgrcONH8GQEMAJEfjXcdRQEMA7n8agrcO8H7C8H7CXWTEJEfjgrcOJEfj" },
        { "palette8-transparent", 6, 5, 4, "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAFCAMAAABRhm3UAAAAJ1BMVEWCtw7ufxpQOb7wfsI0fwZu0I9dx1EkR+NAQwACa25UVZSgZWhdZMThad7uAAAAA3RSTlMAgMhUShYXAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAACpJREFUeNoFwQkOACAIAzCOZaD//6uGRKSVVKwdmlcMNCQD7W56uvD4yRpXQQhWwfewGQAAAABJRU5ErkJggg==", "QEMA/+5/GoA0fwb/Amtu/1RVlP8kR+P/QEMA/4K3DgCCtw4AUDm+yF3HUf9dZMT/XWTE/0BDAP9dx1H/Amtu/1RVlP9UVZT/Amtu/1RVlP8Ca27/grcOAPB+wv+Ctw4AXcdR/11kxP+gZWj/XcdR/11kxP9dx1H/" },
        { "palette2-adam7", 3, 3, 3, "iVBORw0KGgoAAAANSUhEUgAAAAMAAAADAgMAAAFcQW26AAAACVBMVEWCtw7ufxpQOb5hReJ8AAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAABBJREFUeNpjcGAAA0YHBhcAA9QAxrgET9wAAAAASUVORK5CYII=", "7n8agrcOgrcO7n8agrcO7n8agrcO7n8agrcO" },
        { "grey-alpha8", 5, 6, 2, "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGCAQAAACh8pzAAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAE1JREFUeNoBQgC9/wC9bsnXYYpH8LqSAQE/VavRO5ztDjoCY8qmuMMgLGdWbgPdA9mHh/i2PnaxBD6P0LYNrok3z08A9ON7R4YIBsVEeQ/qHpufw5WoAAAAAElFTkSuQmCC", "vW7J12GKR/C6kgE/VuonJcMS0UxkCfyi6kXveSe6Dwde2yuIQ76rbU2WLpE4Nsy/m7z043tHhggGxUR5" },
        { "grey-alpha16", 3, 5, 2, "iVBORw0KGgoAAAANSUhEUgAAAAMAAAAFEAQAAAB66EJqAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAExJREFUeNoBQQC+/wD2WRyeBCsHymwy1nMBdwB42CYKpNvdFffnAk5eOS5t6ny+Z/HTzwPSUecunvEi0fiWCCwEZgEWIWrzWG31UIfUpbcduw+NQXsAAAAASUVORK5CYII=", "9R0ECGzWd3icHXoUxbALmODmND+9jcfBmlUn5Rxs" },
        { "rgba8", 6, 6, 4, "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAGCAYAAADgzO9IAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAKFJREFUeNoBlgBp/wDHMpm/0UbpsyD9AWroFR4tO69Jv66GjfcBST+GgMNCQNVxBRoFyZTV5b7PYb4QJLw/Aoqj67gUrk/NbhVDMfe150Xkr4MDkfEchgPm/U6FMpzg6wpmsXVS3qqVIt5mjTig9dAErQD0tdqWc0phPKv5gCOV5UCxs4EsWa/oAMRYq4Uz0agxnyCVrNLRICGaI1wUMNA17OLCStM9qtFEAAAAAElFTkSuQmCC", "xzKZv9FG6bMg/QFq6BUeLTuvSb+uho33ST+GgAyBxlV9huBaRhq1PwTpFv0UDdI80+JxOCAvFSLrmyOLPc+chOiYmQCl/u7CT26GoWnqLUy0KNngyllkR/tW5LAISt6J/G56VtaAoJY3ZITZt4f5LDs4rDE0kVsZxFirhTPRqDGfIJWs0tEgIZojXBQw0DXs" },
        { "rgba16-adam7", 5, 6, 4, "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAGEAYAAAEsbLieAAAAJXRFWHRDb21tZW50AG1hZGUgd2l0aG91dCBhbiBpbWFnZSBsaWJyYXJ5rXMGpgAAAQdJREFUeNoB/AAD/wDVESS3c8/X6wAwrCrbwtvf/ADUTL2oQamUZgdGUZD9NACeALluJszup8KzAVG4n/jVwJBxAJF6VQCDMenSZ8vqDzSK4/It8eSNg5jtjAANw5R4NzilhjSbVyB9+DrHAfDoztIyWUS1h+d2eE2EESgCc8RC/M4wteJgpai2LyNS/gA60ItbnOfoZdsSFAxrI0Rww3dcmWJEpsAkcUdpnL8bbu6WnOHi6IL4AVOL9rA135iMLWvAuOUBphDp2Fa9kmW4zJFqhEb+oic5mY+0li0reQMCpJ/4v4oyfo70c0un2yr/kv7pSmCrNoOK0kek6xsruDPieUgpLhjSVMiugPPZpc63AAAAAElFTkSuQmCC", "1CVz1w6UN6W5J+7CNFd9OzArwt87i5zn2hRrRMNcYqYkR5wb7pzigpFVg+nwzjJEZ+k043dEf1Yu5IPtU/Y2mIC2Gz5pDKz1+ZCqHpNE1pbTvUGUYxEB+VGf1ZDX662nB1H8AfbuvhZ0AfQ9Z1ZXecw0xNV1jAVp" },
    };

    [Theory]
    [MemberData(nameof(Foreign))]
    public void ReadsFilesOfAnotherEncoder(string name, int width, int height, int channels, string file, string pixels)
    {
        var image = PngDecoder.Decode(Convert.FromBase64String(file), name);
        Assert.Equal((width, height, channels), (image.Width, image.Height, image.Channels));
        Assert.Equal(Convert.FromBase64String(pixels), image.Pixels);
    }

    /// <summary>Cut or altered anywhere, a file gives an input error of one line or the same picture (a flip in a text chunk's CRC is an error too).</summary>
    [Theory]
    [MemberData(nameof(Foreign))]
    public void DamageIsAnInputError(string name, int width, int height, int channels, string file, string pixels)
    {
        var whole = Convert.FromBase64String(file);
        for (var length = 0; length < whole.Length; length++)
        {
            AssertRefused(whole[..length]);
        }

        for (var at = 0; at < whole.Length; at++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[at] ^= (byte)(1 << (at % 8));
            AssertRefused(damaged);
        }

        Assert.Equal((long)width * height * channels, Convert.FromBase64String(pixels).Length);
        Assert.NotEmpty(name);
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(28, 28, 1)]
    [InlineData(17, 5, 2)]
    [InlineData(64, 33, 3)]
    [InlineData(31, 64, 4)]
    public void RoundTrips(int width, int height, int channels)
    {
        var image = new RasterImage(width, height, channels);
        var stream = new PhiloxKey(1, RandomPurpose.Simulation, 0, channels).Stream();
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width * channels; x++)
            {
                image.Row(y)[x] = (byte)((3 * x) + (y * y) + stream.NextInt(4)); // smooth, so that every filter wins somewhere
            }
        }

        var file = PngEncoder.Encode(image);
        var back = PngDecoder.Decode(file);
        Assert.Equal((width, height, channels), (back.Width, back.Height, back.Channels));
        Assert.Equal(image.Pixels, back.Pixels);
        Assert.Equal(file, PngEncoder.Encode(image));
    }

    [Fact]
    public void FiltersMakeSmoothImagesSmall()
    {
        var image = new RasterImage(256, 256, 3);
        for (var i = 0; i < image.Pixels.Length; i++)
        {
            image.Pixels[i] = (byte)((i / 768) + (i % 768 / 3));
        }

        Assert.InRange(PngEncoder.Encode(image).Length, 100, 3000);
    }

    /// <summary>A few hundred bytes that promise gigabytes are refused before anything is allocated for them.</summary>
    [Fact]
    public void BombsAreRefused()
    {
        var file = PngEncoder.Encode(new RasterImage(4, 4, 1));
        var huge = WithSize(file, 60_000, 60_000);
        Assert.Equal("bomb.png is an image of 60000 x 60000 pixels; the limit is 33554432 pixels.", Refusal(huge, "bomb.png"));
        Assert.Contains("cannot hold an image of 5000 x 5000", Refusal(WithSize(file, 5000, 5000), "bomb.png"), StringComparison.Ordinal);
        Assert.Contains("limit is 15 pixels", Assert.Throws<ParisInputException>(() => PngDecoder.Decode(file, "x.png", 15)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "x is empty; JPEG, PNG, WebP, PGM and PPM are read.")]
    [InlineData("hello", "x is no known image file; JPEG, PNG, WebP, PGM and PPM are read.")]
    [InlineData("GIF89a", "x is a GIF file; JPEG, PNG, WebP, PGM and PPM are read.")]
    public void OtherFilesAreNamed(string content, string message)
        => Assert.Equal(message, Assert.Throws<ParisInputException>(() => ImageFile.Decode(System.Text.Encoding.ASCII.GetBytes(content), "x")).Message);

    [Fact]
    public void JpegIsNamed()
        => Assert.StartsWith("x is a damaged JPEG file", Assert.Throws<ParisInputException>(() => ImageFile.Decode([0xFF, 0xD8, 0xFF, 0xE0, 0], "x")).Message, StringComparison.Ordinal);

    [Fact]
    public void TransparencyIsLaidOverTheBackground()
    {
        var image = new RasterImage(2, 1, 4, [255, 0, 0, 255, 10, 20, 30, 0]);
        Assert.Equal([255, 0, 0, 255, 255, 255], image.To(3).Pixels);
        Assert.Equal([76, 0], image.To(1, background: 0).Pixels);
        Assert.Equal([7, 7, 7], new RasterImage(1, 1, 1, [7]).To(3).Pixels);
    }

    private static byte[] WithSize(byte[] file, int width, int height)
    {
        var result = (byte[])file.Clone();
        BinaryPrimitives.WriteInt32BigEndian(result.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(result.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(result.AsSpan(29), Png.Crc(result.AsSpan(12, 4), result.AsSpan(16, 13)));
        return result;
    }

    private static string Refusal(byte[] file, string source = "x.png") => Assert.Throws<ParisInputException>(() => PngDecoder.Decode(file, source)).Message;

    private static void AssertRefused(byte[] file)
    {
        var message = Refusal(file);
        Assert.StartsWith("x.png is ", message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
