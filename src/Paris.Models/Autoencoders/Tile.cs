namespace Paris.Models.Autoencoders;

/// <summary>One direction of a tiling with blended overlaps, in cells.</summary>
/// <param name="Start">First cell.</param>
/// <param name="Length">Cells.</param>
internal readonly record struct Tile(int Start, int Length)
{
    /// <summary>Tiles of one length that cover a side; neighbours share at least <paramref name="overlap"/> cells.</summary>
    public static IReadOnlyList<Tile> Along(int side, int tile, int overlap)
    {
        if (side <= tile)
        {
            return [new Tile(0, side)];
        }

        var count = (int)Math.Ceiling((side - overlap) / (double)(tile - overlap));
        return [.. Enumerable.Range(0, count).Select(i => new Tile((int)((long)i * (side - tile) / (count - 1)), tile))];
    }

    /// <summary>The parts of the tiles, counted from their first cells, that divide the side among them: borders are in the middle of overlaps.</summary>
    public static IReadOnlyList<Tile> Own(IReadOnlyList<Tile> tiles)
    {
        return [.. tiles.Select((tile, i) => new Tile(Border(i) - tile.Start, Border(i + 1) - Border(i)))];

        int Border(int i) => i == 0 ? 0 : i == tiles.Count ? tiles[^1].Start + tiles[^1].Length : (tiles[i].Start + tiles[i - 1].Start + tiles[i - 1].Length) / 2;
    }

    /// <summary>
    /// What the pixels of each tile count, <paramref name="factor"/> a cell; at every pixel the tiles add up to 1. Next to an inner edge,
    /// where a tile does not see its surroundings, it counts nothing for a quarter of the overlap, then rises to the full over a half.
    /// </summary>
    public static IReadOnlyList<float[]> Weights(IReadOnlyList<Tile> tiles, int overlap, int factor)
    {
        var total = new double[(tiles[^1].Start + tiles[^1].Length) * factor];
        var (blind, ramp) = (overlap * factor / 4.0, Math.Max(overlap * factor / 2.0, 1));
        var raw = tiles.Select((tile, t) => Enumerable.Range(0, tile.Length * factor).Select(i =>
        {
            var fromStart = t == 0 ? double.PositiveInfinity : i + 0.5;
            var fromEnd = t == tiles.Count - 1 ? double.PositiveInfinity : (tile.Length * factor) - i - 0.5;
            var weight = Math.Clamp((Math.Min(fromStart, fromEnd) - blind) / ramp, 0, 1);
            total[(tile.Start * factor) + i] += weight;
            return weight;
        }).ToArray()).ToList();
        return [.. raw.Select((weights, t) => weights.Select((w, i) => (float)(w / total[(tiles[t].Start * factor) + i])).ToArray())];
    }
}
