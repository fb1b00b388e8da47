using System.Buffers.Binary;
using System.Text;
using Paris.Core.Formats;
using Xunit;

namespace Paris.Core.Tests.Formats;

public sealed class SafetensorsTests
{
    private static readonly TensorData[] Sample =
    [
        TensorData.Of<long>("index", [5, -1, long.MaxValue], 3),
        TensorData.Of<double>("d", [0.5], 1, 1),
        TensorData.Of<float>("weights", [1, 2, 3, 4, 5, 6], 2, 3),
        TensorData.Of<int>("i", [-7], 1),
        TensorData.Of<Half>("h", [(Half)1.5f], []),
        TensorData.OfSingles("b", TensorType.BF16, new float[] { 1.5f, -2 }, 2),
        TensorData.Of<short>("s", [-3], 1),
        TensorData.Of<float>("empty", [], 4, 0, 2),
        TensorData.Of<bool>("flags", [true, false], 2),
        TensorData.Of<sbyte>("i8", [-1], 1),
        TensorData.Of<byte>("pixels", [0, 128, 255], 1, 1, 3),
    ];

    private static readonly Dictionary<string, string> Metadata = new() { ["run"] = "demo", ["epoch"] = "3", ["ümlaut \"q\""] = "a\nb" };

    [Theory]
    [InlineData("bytes")]
    [InlineData("file")]
    [InlineData("stream")]
    public void RoundTripsEveryType(string way)
    {
        var bytes = SafetensorsWriter.ToBytes(Sample, Metadata);
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, bytes);
            using var stream = new MemoryStream([9, 9, 9, .. bytes]);
            stream.Position = 3; // a file may begin anywhere in a stream
            using var file = way switch
            {
                "bytes" => SafetensorsFile.FromBytes(bytes),
                "file" => SafetensorsFile.Open(path),
                _ => SafetensorsFile.FromStream(stream),
            };
            Assert.Equal(Sample.Where(tensor => tensor.Spec.Bytes > 0).Select(tensor => tensor.Spec), file.Tensors.Where(tensor => tensor.Bytes > 0).Select(tensor => tensor.Spec));
            Assert.Equal(Metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal), file.Metadata);
            Assert.Equal([5, -1, long.MaxValue], file.ToArray<long>("index"));
            Assert.Equal([0.5], file.ToArray<double>("d"));
            Assert.Equal([1, 2, 3, 4, 5, 6], file.ToArray<float>("weights"));
            Assert.Equal([3, 4], file.View<float>("weights", 2, 2).ToArray());
            Assert.Equal([-7], file.ToArray<int>("i"));
            Assert.Equal([1.5f], file.ToSingles("h"));
            Assert.Equal([1.5f, -2], file.ToSingles("b"));
            Assert.Equal([0.5f], file.ToSingles("d"));
            Assert.Equal([0x3FC0, 0xC000], file.ToArray<ushort>("b"));
            Assert.Equal([-3], file.ToArray<short>("s"));
            Assert.Empty(file.ToArray<float>("empty"));
            Assert.Equal([true, false], file.ToArray<bool>("flags"));
            Assert.Equal([-1], file.ToArray<sbyte>("i8"));
            Assert.Equal([0, 128, 255], file.ToArray<byte>("pixels"));
            var raw = new byte[8];
            file.CopyTo("weights", raw, 4);
            Assert.Equal([2, 3], System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(raw).ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void ViewsCopyNothing()
    {
        var bytes = SafetensorsWriter.ToBytes([TensorData.Of<float>("x", [1, 2], 2)]);
        using var file = SafetensorsFile.FromBytes(bytes);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(^4..), 7);
        Assert.Equal([1, 7], file.View<float>("x").ToArray());
    }

    [Fact]
    public void BytesAreThese()
    {
        var bytes = SafetensorsWriter.ToBytes([TensorData.Of<float>("x", [1], 1)], new Dictionary<string, string> { ["b"] = "2", ["a"] = "1" });
        const string Json = "{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"},\"x\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
        var padded = Json.PadRight((Json.Length + 7) / 8 * 8);
        Assert.Equal([(byte)padded.Length, 0, 0, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(padded), 0, 0, 0x80, 0x3F], bytes);
    }

    [Fact]
    public void TensorsAreWrittenInTurnAndInChunks()
    {
        using var stream = new MemoryStream();
        var writer = new SafetensorsWriter(stream, [new("a", TensorType.F32, 3), new("none", TensorType.F32, 0), new("b", TensorType.F16, 2)]);
        Assert.Throws<InvalidOperationException>(() => writer.Append<float>("b", [1]));
        Assert.Throws<InvalidOperationException>(() => writer.Append<int>("a", [1]));
        writer.Append<float>("a", [1]);
        Assert.Throws<InvalidOperationException>(() => writer.Append<float>("a", [1, 2, 3]));
        Assert.Throws<InvalidOperationException>(() => writer.Complete());
        writer.Append<float>("a", [2, 3]);
        writer.Append<float>("none", []);
        writer.AppendSingles("b", [1, 2]);
        writer.Complete();
        Assert.Equal(writer.Bytes, stream.Length);
        using var file = SafetensorsFile.FromBytes(stream.ToArray());
        Assert.Equal([1, 2, 3], file.ToSingles("a"));
        Assert.Equal([1, 2], file.ToSingles("b"));
        Assert.Throws<ArgumentException>(() => new SafetensorsWriter(Stream.Null, [new("a", TensorType.U8, 1), new("a", TensorType.U8, 1)]));
        Assert.Throws<ArgumentException>(() => new SafetensorsWriter(Stream.Null, [new("a", TensorType.U8, -1)]));
        Assert.Throws<ArgumentException>(() => TensorData.Of<float>("a", [1, 2], 3));
    }

    /// <summary>More than 4 GiB of tensor through a stream that keeps nothing: sizes and offsets are 64-bit throughout.</summary>
    [Fact]
    public void LargeTensorsAreWrittenInParts()
    {
        using var stream = new CountingStream();
        var writer = new SafetensorsWriter(stream, [new("large", TensorType.U8, 5, 1L << 30), new("after", TensorType.U8, 1)]);
        var chunk = new byte[1 << 28];
        for (var i = 0; i < 20; i++)
        {
            writer.Append<byte>("large", chunk);
        }

        writer.Append<byte>("after", [1]);
        writer.Complete();
        Assert.Equal(writer.Bytes, stream.Length);
        var header = SafetensorsHeader.Parse(stream.Start.AsSpan(8, BinaryPrimitives.ReadInt32LittleEndian(stream.Start)), stream.Length, "large file");
        Assert.Equal(5L << 30, header.Find("after")!.Offset);
    }

    [Theory]
    [InlineData("[]", 0, "does not begin with '{'")]
    [InlineData("", 0, "does not begin with '{'")]
    [InlineData("{", 0, "not JSON")]
    [InlineData("{}x", 0, "not JSON")]
    [InlineData("{} {}", 0, "not JSON")]
    [InlineData("{\"a\":1}", 0, "'a' should be an object")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}", 4, "not JSON")]
    [InlineData("{\"a\":{\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "the dtype 'F33'; known are BOOL")]
    [InlineData("{\"a\":{\"dtype\":\"11\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "the dtype '11'")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "lacks data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4],\"x\":1}}", 4, "unknown key 'x'")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "the key 'dtype' twice")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "not an array of integers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4, "not an array of integers")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4, "has 3 data_offsets")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]}}", 4, "begins at 4 and ends before")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 3, "ends at byte 4, but the data has 3")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 4, "takes 8 bytes, but its offsets span 4")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 0, "larger than any file")]
    [InlineData("{\"a\":{\"dtype\":\"F64\",\"shape\":[2305843009213693952],\"data_offsets\":[0,0]}}", 0, "larger than any file")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,0]}}", 0, "not an array of integers")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6, "'a' and 'b' overlap")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "overlap")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[3,5]}}", 5, "1 bytes before tensor 'b' belong to no tensor")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}", 3, "1 bytes behind the last tensor")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4, "'a' is named twice")]
    [InlineData("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"\\u0061\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4, "'a' is named twice")]
    [InlineData("{\"__metadata__\":{\"a\":1}}", 0, "should be an object of strings")]
    [InlineData("{\"__metadata__\":{\"a\":\"1\",\"a\":\"2\"}}", 0, "the key 'a' twice")]
    [InlineData("{\"a\":{\"dtype\":\"F32\",\"shape\":[[1]],\"data_offsets\":[0,4]}}", 4, "not an array of integers")]
    [InlineData("{\"\\ud800\":{}}", 0, "not JSON")]
    public void HostileHeadersAreInputErrors(string json, int dataBytes, string message)
    {
        var header = Encoding.UTF8.GetBytes(json);
        byte[] file = [.. Prefix((ulong)header.Length), .. header, .. new byte[dataBytes]];
        AssertRefused(file, message);
    }

    [Theory]
    [InlineData(ulong.MaxValue, "the limit is 100000000")]
    [InlineData(100_000_001UL, "the limit is 100000000")]
    [InlineData(100UL, "is truncated: its header should have 100 bytes")]
    public void HostileLengthsAreInputErrors(ulong length, string message) => AssertRefused([.. Prefix(length), .. "{}"u8], message);

    [Fact]
    public void EveryTruncationAndEveryFlippedHeaderBitIsAnInputErrorOrAValidFile()
    {
        var whole = SafetensorsWriter.ToBytes(Sample, Metadata);
        for (var length = 0; length < whole.Length; length++)
        {
            AssertRefused(whole[..length], "");
        }

        var headerBytes = 8 + (int)BinaryPrimitives.ReadUInt64LittleEndian(whole);
        for (var bit = 0; bit < 8 * headerBytes; bit++)
        {
            var damaged = (byte[])whole.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            try
            {
                using var file = SafetensorsFile.FromBytes(damaged);
                foreach (var tensor in file.Tensors)
                {
                    Assert.Equal(tensor.Bytes, file.View<byte>(tensor.Name).Length);
                }
            }
            catch (ParisInputException)
            {
                // The only exception a damaged file may cause.
            }
        }
    }

    [Fact]
    public void MistakesOfCallersNameWhatIsThere()
    {
        using var file = SafetensorsFile.FromBytes(SafetensorsWriter.ToBytes(Sample), "model.safetensors");
        Assert.Equal("model.safetensors has no tensor 'weigths'; did you mean 'weights'?", Assert.Throws<ParisInputException>(() => file["weigths"]).Message);
        Assert.Equal("model.safetensors has no tensor 'completely.else'.", Assert.Throws<ParisInputException>(() => file["completely.else"]).Message);
        Assert.Equal("model.safetensors: tensor 'weights' is F32 and cannot be viewed as Int32.", Assert.Throws<ParisInputException>(() => file.ToArray<int>("weights")).Message);
        Assert.Equal("model.safetensors: tensor 'weights' is F32 [2, 3]; it should be F32 [any, 4].", Assert.Throws<ParisInputException>(() => file.Require("weights", TensorType.F32, -1, 4)).Message);
        Assert.Equal(6, file.Require("weights", TensorType.F32, -1, 3).ElementCount);
        Assert.Throws<ParisInputException>(() => file.ToSingles("index"));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.View<float>("weights", 5, 2));
        Assert.Equal("nowhere.safetensors cannot be read: there is no such file.", Assert.Throws<ParisInputException>(() => SafetensorsFile.Open("nowhere.safetensors")).Message);
    }

    [Fact]
    public void NarrowingRoundsToNearestEven()
    {
        var values = new List<float> { 0, -0f, 1, float.PositiveInfinity, float.NegativeInfinity, float.NaN, float.MaxValue, float.Epsilon, 3.3895314e38f };
        for (var bits = 0x3F80_0000u; bits < 0x3F84_0000u; bits += 0x1FFF)
        {
            values.Add(BitConverter.UInt32BitsToSingle(bits));
            values.Add(-BitConverter.UInt32BitsToSingle(bits | 0x8000));
        }

        var source = values.ToArray();
        var narrow = new ushort[source.Length];
        FloatFormats.SingleToBFloat16(source, narrow);
        var wide = new float[source.Length];
        FloatFormats.BFloat16ToSingle(narrow, wide);
        for (var i = 0; i < source.Length; i++)
        {
            var bits = BitConverter.SingleToUInt32Bits(source[i]);
            var upper = bits >> 16;
            var lower = bits & 0xFFFF;
            var expected = float.IsNaN(source[i]) ? narrow[i] : upper + (lower > 0x8000 || (lower == 0x8000 && (upper & 1) == 1) ? 1u : 0u);
            Assert.Equal(expected, narrow[i]);
            Assert.Equal(float.IsNaN(source[i]), float.IsNaN(wide[i]));
        }

        var halves = new Half[source.Length];
        FloatFormats.SingleToHalf(source, halves);
        FloatFormats.HalfToSingle(halves, wide);
        Assert.Equal(source.Select(value => (float)(Half)value), wide);
    }

    private static byte[] Prefix(ulong length)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        return bytes;
    }

    private static void AssertRefused(byte[] file, string message)
    {
        var error = Assert.Throws<ParisInputException>(() => SafetensorsFile.FromBytes(file, "x.safetensors"));
        Assert.StartsWith("x.safetensors is ", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        using var stream = new MemoryStream(file);
        Assert.Equal(error.Message, Assert.Throws<ParisInputException>(() => SafetensorsFile.FromStream(stream, "x.safetensors")).Message);
    }

    private sealed class CountingStream : Stream
    {
        private long _length;

        public byte[] Start { get; } = new byte[4096];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => _length;

        public override long Position
        {
            get => _length;
            set => throw new NotSupportedException();
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (_length < Start.Length)
            {
                buffer[..(int)Math.Min(buffer.Length, Start.Length - _length)].CopyTo(Start.AsSpan((int)_length));
            }

            _length += buffer.Length;
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
