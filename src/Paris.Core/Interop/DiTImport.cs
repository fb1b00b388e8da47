using System.Globalization;
using System.Numerics.Tensors;
using System.Security.Cryptography;
using System.Text.Json;
using Paris.Core.Formats;
using Paris.Core.Jobs;
using Paris.Core.Storage;

namespace Paris.Core.Interop;

/// <summary>
/// Makes weights that experts start from out of an ImageNet DiT (facebookresearch/DiT; keys <c>x_embedder</c>, <c>blocks.N.…</c>). Kept as they
/// are: patch and position embedding, time embedding, attention and MLP of every block. AdaLN-Zero becomes AdaLN-Single: the row y of "no
/// label" is added to the time embedding's last bias, so that the shared embedding is DiT's own without a label at every time; the shared
/// projection <c>t_block</c> is the mean of the blocks' projections; a block's table is what its own projection says beyond that at t = 500
/// (PixArt-α's re-parameterisation). So every block equals DiT's at t = 500, and moves with the mean of the blocks at other times. Final
/// layer, text projection and cross-attention start fresh.
/// </summary>
/// <param name="store">Where it goes.</param>
/// <param name="name">What specs call it.</param>
public sealed class DiTImport(IBlobStore store, string name)
{
    /// <summary>The time, 0 … 1000, at which blocks stay what they were.</summary>
    public const double Time = 500;

    private const int Frequencies = 256;

    /// <summary>Layer norms of DiT.</summary>
    private const double NormEps = 1e-6;

    private static readonly string[] _fresh = ["final_layer.", "text_proj.", "class_embed", "*.cross_attn."];

    /// <summary>Imports a file of safetensors or torch.save.</summary>
    /// <param name="path">The file.</param>
    /// <param name="heads">Attention heads, which no tensor tells; null: what <c>config.json</c> beside the file says, else 16 at 1152 and 64 numbers a head.</param>
    /// <param name="cancellationToken">Stops; nothing half-written is ever used.</param>
    /// <exception cref="ParisInputException">The file is no DiT, or the name is taken.</exception>
    public async Task<InitialModel> RunAsync(string path, int? heads = null, CancellationToken cancellationToken = default)
    {
        var blobName = InitialModel.BlobName(name);
        if (await store.HeadAsync($"runs/{name}/spec.json", cancellationToken).ConfigureAwait(false) is not null)
        {
            throw new ParisInputException($"There is a run '{name}' in {store.Description}, and a spec's 'init' could mean either; choose another name.");
        }

        using var weights = WeightsOnDisk.Open(path);
        using var file = SafetensorsFile.Open(weights.Path);
        var (model, plan) = Plan(file, DiTConfig.Beside(path), heads);
        model = model with { Source = Path.GetFileName(path), SourceSha256 = await HashAsync(path, cancellationToken).ConfigureAwait(false) };
        if (await InitialModel.ReadAsync(store, name, cancellationToken).ConfigureAwait(false) is { } existing)
        {
            return (existing.SourceSha256, existing.Heads) == (model.SourceSha256, model.Heads)
                ? existing
                : throw new ParisInputException($"'{name}' was made from {existing.Source} with {existing.Heads} heads in {store.Description} before; choose another name.");
        }

        var temporary = Path.Combine(Path.GetTempPath(), $"paris-init-{Guid.NewGuid():N}.safetensors");
        try
        {
            using (var stream = File.Create(temporary))
            {
                var writer = new SafetensorsWriter(stream, [.. plan.Select(x => x.Spec)], new Dictionary<string, string> { ["format"] = "paris-init-1", ["source"] = model.Source });
                foreach (var (spec, write) in plan)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    write(writer, spec.Name);
                }

                writer.Complete();
            }

            using var content = File.OpenRead(temporary);
            var sha = Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken).ConfigureAwait(false));
            content.Position = 0;
            var blob = new BlobEntry($"inits/{name}/model-{sha[..16]}.safetensors", content.Length, sha);
            await store.PutAsync(blob.Name, content, PutCondition.Always, cancellationToken: cancellationToken).ConfigureAwait(false);
            model = model with { Model = blob };
            await store.PutAsync(blobName, JsonSerializer.SerializeToUtf8Bytes(model, WorkerProtocol.Json), PutCondition.Absent, cancellationToken: cancellationToken).ConfigureAwait(false);
            return model;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private static async Task<string> HashAsync(string path, CancellationToken cancellationToken)
    {
        using var stream = File.OpenRead(path);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken).ConfigureAwait(false));
    }

    /// <summary>What is written, tensor by tensor, after everything in the file was looked at.</summary>
    private static (InitialModel Model, List<(TensorSpec Spec, Action<SafetensorsWriter, string> Write)> Plan) Plan(SafetensorsFile file, DiTConfig config, int? heads)
    {
        if (!file.Contains("x_embedder.proj.weight"))
        {
            throw new ParisInputException($"{file.Source} holds no DiT: it has no 'x_embedder.proj.weight' (the keys of facebookresearch/DiT are read).");
        }

        var stem = file["x_embedder.proj.weight"].Shape;
        var positions = file["pos_embed"].Shape;
        var layers = 0;
        while (file.Contains(Block(layers, "mlp.fc1.weight")))
        {
            layers++;
        }

        var labels = file["y_embedder.embedding_table.weight"].Shape;
        if (stem.Length != 4 || positions.Length != 3 || labels.Length != 2 || layers == 0 || file[Block(0, "mlp.fc1.weight")].Shape.Length != 2 || labels[0] < 1)
        {
            throw new ParisInputException($"{file.Source} holds no DiT: 'x_embedder.proj.weight' is {file["x_embedder.proj.weight"].Spec.ShapeText}, 'pos_embed' {file["pos_embed"].Spec.ShapeText}, and it has {layers} blocks.");
        }

        var (d, channels, patch) = ((int)stem[0], (int)stem[1], (int)stem[2]);
        var mlp = (int)file[Block(0, "mlp.fc1.weight")].Shape[0];
        var grid = (int)Math.Round(Math.Sqrt(positions[1]));
        var head = heads ?? config.NumHeads ?? (d == 1152 ? 16 : Math.Max(1, d / 64));
        if (head < 1 || d % head != 0)
        {
            throw new ParisInputException($"{file.Source}: {head} heads do not divide the width {d}; name the number with --heads.");
        }

        Check(file, layers, d, channels, patch, grid, mlp, labels[0]);
        var plan = new List<(TensorSpec, Action<SafetensorsWriter, string>)>();
        void Keep(string key, string source)
        {
            var entry = file[source];
            plan.Add((new TensorSpec(key, entry.Type, entry.Shape.AsSpan()), (writer, _) => CopyRaw(file, source, writer, key)));
        }

        void Make(string key, Func<float[]> values, params ReadOnlySpan<long> shape)
            => plan.Add((new TensorSpec(key, TensorType.F32, shape), (writer, _) => writer.AppendSingles(key, values())));

        var nullRow = NullRow(file, d, config.ClassDropoutProb > 0);
        Keep("patch_embed.weight", "x_embedder.proj.weight");
        Keep("patch_embed.bias", "x_embedder.proj.bias");
        Keep("pos_embed", "pos_embed");
        Keep("time_embed.mlp.0.weight", "t_embedder.mlp.0.weight");
        Keep("time_embed.mlp.0.bias", "t_embedder.mlp.0.bias");
        Keep("time_embed.mlp.2.weight", "t_embedder.mlp.2.weight");
        Make("time_embed.mlp.2.bias", () => ShiftedBias(file, nullRow), d);

        // The tables need the mean projection at t = 500; both are computed before anything is written.
        var (weight, bias, tables) = Modulations(file, layers, d, nullRow);
        Make("t_block.1.weight", () => weight, 6L * d, d);
        Make("t_block.1.bias", () => bias, 6L * d);
        for (var i = 0; i < layers; i++)
        {
            var table = tables[i];
            var layer = string.Create(CultureInfo.InvariantCulture, $"layers.{i}");
            Make($"{layer}.scale_shift_table", () => table, 6, d);
            Keep($"{layer}.attn.in_proj_weight", Block(i, "attn.qkv.weight"));
            Keep($"{layer}.attn.in_proj_bias", Block(i, "attn.qkv.bias"));
            Keep($"{layer}.attn.out_proj.weight", Block(i, "attn.proj.weight"));
            Keep($"{layer}.attn.out_proj.bias", Block(i, "attn.proj.bias"));
            Keep($"{layer}.mlp.0.weight", Block(i, "mlp.fc1.weight"));
            Keep($"{layer}.mlp.0.bias", Block(i, "mlp.fc1.bias"));
            Keep($"{layer}.mlp.2.weight", Block(i, "mlp.fc2.weight"));
            Keep($"{layer}.mlp.2.bias", Block(i, "mlp.fc2.bias"));
        }

        return (new InitialModel
        {
            Source = "",
            SourceSha256 = "",
            Model = new BlobEntry("", 0, ""),
            Hidden = d,
            Layers = layers,
            Heads = head,
            Patch = patch,
            MlpHidden = mlp,
            Channels = channels,
            Side = grid * patch,
            NormEps = NormEps,
            Time = Time,
            Fresh = _fresh,
        }, plan);
    }

    /// <summary>What a <c>config.json</c> beside the weights tells (DiT's constructor arguments); the published files have none.</summary>
    private sealed record DiTConfig
    {
        public int? NumHeads { get; init; }

        /// <summary>0: the table of labels has no row for "no label".</summary>
        public double ClassDropoutProb { get; init; } = 0.1;

        public static DiTConfig Beside(string path)
        {
            var config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "config.json");
            return File.Exists(config) ? PublishedJson.Read<DiTConfig>(config) : new DiTConfig();
        }
    }

    private static string Block(int layer, string key) => string.Create(CultureInfo.InvariantCulture, $"blocks.{layer}.{key}");

    private static void Check(SafetensorsFile file, int layers, int d, int channels, int patch, int grid, int mlp, long labels)
    {
        Dictionary<string, long[]> shapes = new(StringComparer.Ordinal);
        void Linear(string key, long from, long to)
        {
            shapes[$"{key}.weight"] = [to, from];
            shapes[$"{key}.bias"] = [to];
        }

        shapes["x_embedder.proj.weight"] = [d, channels, patch, patch];
        shapes["x_embedder.proj.bias"] = [d];
        shapes["pos_embed"] = [1, (long)grid * grid, d];
        shapes["y_embedder.embedding_table.weight"] = [labels, d];
        Linear("t_embedder.mlp.0", Frequencies, d);
        Linear("t_embedder.mlp.2", d, d);
        for (var i = 0; i < layers; i++)
        {
            Linear(Block(i, "adaLN_modulation.1"), d, 6L * d);
            Linear(Block(i, "attn.qkv"), d, 3L * d);
            Linear(Block(i, "attn.proj"), d, d);
            Linear(Block(i, "mlp.fc1"), d, mlp);
            Linear(Block(i, "mlp.fc2"), mlp, d);
        }

        PublishedShapes.Check(
            file.Source, [.. file.Tensors.Select(x => x.Spec).Where(x => !x.Name.StartsWith("final_layer.", StringComparison.Ordinal))], shapes, "a DiT of its own dimensions");
    }

    /// <summary>The embedding of "no label": the table's last row; the mean of its rows where the network was trained without one.</summary>
    private static float[] NullRow(SafetensorsFile file, int d, bool hasNull)
    {
        var rows = file.ToSingles("y_embedder.embedding_table.weight");
        var count = rows.Length / d;
        if (hasNull)
        {
            return rows[^d..];
        }

        var mean = new float[d];
        for (var i = 0; i < count; i++)
        {
            TensorPrimitives.Add(mean, rows.AsSpan(i * d, d), mean);
        }

        TensorPrimitives.Divide(mean, count, mean);
        return mean;
    }

    private static float[] ShiftedBias(SafetensorsFile file, float[] nullRow)
    {
        var bias = file.ToSingles("t_embedder.mlp.2.bias");
        TensorPrimitives.Add(bias, nullRow, bias);
        return bias;
    }

    /// <summary>The mean projection, and every block's difference to it at <see cref="Time"/>.</summary>
    private static (float[] Weight, float[] Bias, float[][] Tables) Modulations(SafetensorsFile file, int layers, int d, float[] nullRow)
    {
        var c = ActivatedTime(file, d, nullRow);
        var weight = new double[6L * d * d];
        var bias = new double[6 * d];
        var own = new double[layers][];
        for (var i = 0; i < layers; i++)
        {
            var w = file.ToSingles(Block(i, "adaLN_modulation.1.weight")); // [6D, D]
            var b = file.ToSingles(Block(i, "adaLN_modulation.1.bias"));
            own[i] = Apply(w, b, c);
            for (var k = 0L; k < w.Length; k++)
            {
                weight[k] += w[k] / (double)layers;
            }

            for (var k = 0; k < b.Length; k++)
            {
                bias[k] += b[k] / (double)layers;
            }
        }

        // The difference to what is stored, so that rounding the mean to single precision costs nothing.
        float[] meanWeight = [.. weight.Select(x => (float)x)];
        float[] meanBias = [.. bias.Select(x => (float)x)];
        var shared = Apply(meanWeight, meanBias, c);
        return (meanWeight, meanBias, [.. own.Select(x => x.Zip(shared, (a, b) => (float)(a - b)).ToArray())]);
    }

    /// <summary>SiLU(t_emb(500) + y), as the experts will compute it.</summary>
    private static double[] ActivatedTime(SafetensorsFile file, int d, float[] nullRow)
    {
        var sinusoid = new double[Frequencies];
        const int Half = Frequencies / 2;
        for (var i = 0; i < Half; i++)
        {
            var angle = Time * (float)Math.Exp(-Math.Log(10000.0) * i / Half);
            (sinusoid[i], sinusoid[Half + i]) = (Math.Cos(angle), Math.Sin(angle));
        }

        static double SiLU(double x) => x / (1 + Math.Exp(-x));
        var hidden = Apply(file.ToSingles("t_embedder.mlp.0.weight"), file.ToSingles("t_embedder.mlp.0.bias"), sinusoid);
        var time = Apply(file.ToSingles("t_embedder.mlp.2.weight"), ShiftedBias(file, nullRow), [.. hidden.Select(SiLU)]);
        return [.. time.Take(d).Select(SiLU)];
    }

    /// <summary>W x + b in double precision; W is [rows, columns].</summary>
    private static double[] Apply(float[] weight, float[] bias, double[] x)
    {
        var result = new double[bias.Length];
        for (var row = 0; row < bias.Length; row++)
        {
            double sum = bias[row];
            for (var column = 0; column < x.Length; column++)
            {
                sum += weight[((long)row * x.Length) + column] * x[column];
            }

            result[row] = sum;
        }

        return result;
    }

    private static void CopyRaw(SafetensorsFile file, string source, SafetensorsWriter writer, string key)
    {
        var bytes = file[source].Bytes;
        const int Piece = 1 << 24;
        for (long start = 0; start < bytes; start += Piece)
        {
            writer.Append(key, file.View<byte>(source, start, (int)Math.Min(Piece, bytes - start)));
        }
    }
}
