using static TorchSharp.torch;

namespace Paris.Models.Autoencoders;

/// <summary>
/// The statistics of one group norm over a whole picture that passes in tiles. While it gathers, every tile adds the sums of its own part and
/// is normalised by itself; afterwards all are normalised by what was gathered.
/// </summary>
internal sealed class TiledStatistics(TiledStatistics.Part part) : IDisposable
{
    private Tensor? _sum; // [B, G], double precision
    private Tensor? _squares;
    private Tensor? _mean; // [B, G, 1, 1, 1]
    private Tensor? _variance;
    private double _count;

    /// <summary>Normalises x [B, C, H, W]; while gathering, remembers the sums of the tile's own part.</summary>
    public Tensor Normalise(Tensor x, int groups, Tensor weight, Tensor bias, double eps)
    {
        using var scope = NewDisposeScope();
        if (_mean is null)
        {
            Gather(x, groups);
            return nn.functional.group_norm(x, groups, weight, bias, eps).MoveToOuterDisposeScope();
        }

        var s = x.shape;
        var h = x.view(s[0], groups, s[1] / groups, s[2], s[3]);
        h = (h - _mean) / (_variance! + eps).sqrt();
        return ((h.view(s) * weight.view(1, -1, 1, 1)) + bias.view(1, -1, 1, 1)).MoveToOuterDisposeScope();
    }

    /// <summary>All tiles have passed: what was gathered holds from here on.</summary>
    public void Fix()
    {
        using var scope = NewDisposeScope();
        var mean = _sum! / _count;
        var variance = (_squares! / _count) - (mean * mean);
        var shape = new[] { mean.shape[0], mean.shape[1], 1L, 1, 1 };
        _mean = mean.to(ScalarType.Float32).view(shape).DetachFromDisposeScope();
        _variance = variance.to(ScalarType.Float32).view(shape).DetachFromDisposeScope();
    }

    public void Dispose()
    {
        foreach (var tensor in new[] { _sum, _squares, _mean, _variance })
        {
            tensor?.Dispose();
        }
    }

    private void Gather(Tensor x, int groups)
    {
        var s = x.shape;
        var scale = s[2] / part.Rows.Length; // this norm's pixels a cell of the latents
        var own = x.narrow(2, part.OwnRows.Start * scale, part.OwnRows.Length * scale).narrow(3, part.OwnColumns.Start * scale, part.OwnColumns.Length * scale)
            .reshape(s[0], groups, -1);
        Add(ref _sum, own.sum(2, type: ScalarType.Float64));
        Add(ref _squares, own.square().sum(2, type: ScalarType.Float64));
        _count += own.shape[2];

        static void Add(ref Tensor? total, Tensor value)
        {
            if (total is null)
            {
                total = value.DetachFromDisposeScope();
            }
            else
            {
                total.add_(value);
            }
        }
    }

    /// <summary>The tile at hand and, counted from its first cell, the part of it that no other tile counts.</summary>
    internal sealed class Part
    {
        public Tile Rows { get; set; }

        public Tile OwnRows { get; set; }

        public Tile OwnColumns { get; set; }
    }
}
