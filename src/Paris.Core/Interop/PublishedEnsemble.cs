using System.Globalization;
using Paris.Core.Formats;
using Paris.Core.Specs;

namespace Paris.Core.Interop;

/// <summary>
/// A folder in the layout of the released Paris weights: <c>config.json</c>, <c>expert_0</c> …, <c>router</c>, and beside them what a pipeline
/// needs (<c>vae</c>, <c>text_encoder</c>, <c>tokenizer</c>), which is only carried along.
/// </summary>
public sealed class PublishedEnsemble
{
    public const string ExpertWeights = "diffusion_pytorch_model.safetensors";

    public const string RouterWeights = "pytorch_model.safetensors";

    private static readonly string[] _weights =
        [ExpertWeights, RouterWeights, "model.safetensors", "diffusion_pytorch_model.bin", "pytorch_model.bin", "model.pt"];

    private static readonly string[] _companions = ["vae", "text_encoder", "tokenizer"];

    private PublishedEnsemble(string folder, PublishedConfig config, IReadOnlyList<PublishedExpertConfig> experts, PublishedRouterConfig router)
        => (Folder, Config, Experts, Router) = (folder, config, experts, router);

    public string Folder { get; }

    public PublishedConfig Config { get; }

    /// <summary>[K] in the order of their numbers.</summary>
    public IReadOnlyList<PublishedExpertConfig> Experts { get; }

    public PublishedRouterConfig Router { get; }

    /// <summary>Paths, relative to the folder, of the files that are carried along: root configuration and the companions' folders.</summary>
    public IEnumerable<string> Companions => new[] { "config.json", "model_index.json" }
        .Where(x => File.Exists(Path.Combine(Folder, x)))
        .Concat(_companions.Select(x => Path.Combine(Folder, x)).Where(Directory.Exists)
            .SelectMany(x => Directory.EnumerateFiles(x, "*", SearchOption.AllDirectories))
            .Select(x => Path.GetRelativePath(Folder, x).Replace(Path.DirectorySeparatorChar, '/')))
        .Order(StringComparer.Ordinal);

    /// <summary>Reads every configuration and checks that they belong together; weights are not opened.</summary>
    /// <exception cref="ParisInputException">A file is missing or contradicts another.</exception>
    public static PublishedEnsemble Read(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ParisInputException($"There is no folder '{folder}'; name one in the layout of the released weights (config.json, expert_0 …, router).");
        }

        var config = PublishedJson.Read<PublishedConfig>(Path.Combine(folder, "config.json"));
        if (config.NumExperts is < 1 or > 1024 || config.ImageSize < 1 || config.NumChannels < 1)
        {
            throw new ParisInputException($"{folder}/config.json names {config.NumExperts} experts on {config.NumChannels}×{config.ImageSize}²; all three must be positive.");
        }

        PublishedExpertConfig[] experts = [.. Enumerable.Range(0, config.NumExperts).Select(k => PublishedJson.Read<PublishedExpertConfig>(Path.Combine(folder, ExpertFolder(k), "config.json")))];
        for (var k = 0; k < experts.Length; k++)
        {
            var expert = experts[k];
            var where = $"{folder}/{ExpertFolder(k)}/config.json";
            Require(expert.ExpertId == k, where, $"expert_id is {expert.ExpertId}, not {k}");
            Require(expert is { Architecture: "dit", UseAdalnSingle: true, UseDitTimeEmbed: true }, where, "is no DiT with one shared modulation (architecture dit, use_adaln_single, use_dit_time_embed)");
            Require(expert.InChannels == config.NumChannels && expert.OutChannels == expert.InChannels, where, $"has {expert.InChannels} → {expert.OutChannels} channels, config.json says {config.NumChannels}");
            Require(!expert.UseClassConditioning, where, "is conditioned on classes, which the released layout has no table for");
            Require(
                (expert.UseTextConditioning, expert.TextEmbedDim, expert.NormEps, expert.CfgDropoutProb) == (experts[0].UseTextConditioning, experts[0].TextEmbedDim, experts[0].NormEps, experts[0].CfgDropoutProb),
                where,
                "differs from expert_0 in its condition or norms; experts may differ in size alone");
            Require(expert.Objective is null or "flow" or "ddpm", where, $"has the objective '{expert.Objective}'; flow and ddpm are known");
            Require(Fits(expert.HiddenSize, expert.NumLayers, expert.NumHeads, expert.PatchSize, config.ImageSize), where, "has sizes that do not fit together");
        }

        var router = PublishedJson.Read<PublishedRouterConfig>(Path.Combine(folder, "router", "config.json"));
        Require(router.NumClusters == config.NumExperts, $"{folder}/router/config.json", $"has {router.NumClusters} clusters, config.json {config.NumExperts} experts");
        Require(router is { Architecture: "dit", UseDitTimeEmbed: true } && router.InChannels == config.NumChannels, $"{folder}/router/config.json", "is no DiT router on the experts' latents");
        Require(Fits(router.HiddenSize, router.NumLayers, router.NumHeads, router.PatchSize, config.ImageSize), $"{folder}/router/config.json", "has sizes that do not fit together");
        Require(
            router is { Conditioning: null } or { Conditioning: ModelSpec.PooledText, TextEmbedDim: > 0 },
            $"{folder}/router/config.json",
            $"has the conditioning '{router.Conditioning}' of {router.TextEmbedDim ?? 0} numbers; none, or '{ModelSpec.PooledText}' with its text_embed_dim, is known");
        Require(
            config.ClusterSizes is null || (config.ClusterSizes.Count == config.NumExperts && config.ClusterSizes.All(x => x >= 0) && config.ClusterSizes.Any(x => x > 0)),
            $"{folder}/config.json",
            $"has {config.ClusterSizes?.Count} cluster_sizes ({string.Join(", ", config.ClusterSizes ?? [])}); {config.NumExperts} counts of samples are needed");
        Require(
            config.Sampling is null or { Steps: > 0, Grid: "uniform" or "flowmatch-euler", GuidanceScale: >= 0 and <= 1000 },
            $"{folder}/config.json",
            "has a 'sampling' that is not steps from 1, grid uniform or flowmatch-euler, and guidance_scale from 0 to 1000");
        return new PublishedEnsemble(folder, config, experts, router);
    }

    public static string ExpertFolder(int expert) => string.Create(CultureInfo.InvariantCulture, $"expert_{expert}");

    /// <summary>The file of a sub-folder's weights (<c>expert_3</c>, <c>router</c>); what it says of its tensors is checked, the tensors are not read.</summary>
    /// <exception cref="ParisInputException">There is none, or it does not fit the configuration.</exception>
    public string Find(string part)
    {
        var path = _weights.Select(x => Path.Combine(Folder, part, x)).FirstOrDefault(File.Exists)
            ?? throw new ParisInputException($"{Folder}/{part} holds no weights; expected one of {string.Join(", ", _weights)}.");
        var shapes = part == "router" ? PublishedShapes.Router(Router, Config.ImageSize) : PublishedShapes.Expert(Experts[Array.FindIndex([.. Experts], x => ExpertFolder(x.ExpertId) == part)], Config.ImageSize);
        PublishedShapes.Check(path, WeightsOnDisk.Tensors(path), shapes, $"{part}/config.json");
        return path;
    }

    private static bool Fits(int hidden, int layers, int heads, int patch, int side)
        => hidden > 0 && layers > 0 && heads > 0 && patch > 0 && hidden % heads == 0 && hidden % 4 == 0 && side % patch == 0;

    private static void Require(bool holds, string where, string otherwise)
    {
        if (!holds)
        {
            throw new ParisInputException($"{where} {otherwise}.");
        }
    }
}
