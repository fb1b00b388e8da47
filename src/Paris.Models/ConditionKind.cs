namespace Paris.Models;

/// <summary>What an expert is conditioned on.</summary>
public enum ConditionKind
{
    None,

    /// <summary>A class label; a table [C + 1, D] is added to the time embedding, row C is the null class.</summary>
    Class,

    /// <summary>A sequence of text embeddings, read by cross-attention.</summary>
    Text,
}
