namespace Switchyard.Models.Checkpoints;

/// <summary>How an architecture names the tensors that <c>qwen3_moe</c> names otherwise: whole parts of a dotted name are replaced, one rule after another.</summary>
/// <param name="Rules">Pairs of what is replaced and by what; either may have dots, and an empty replacement takes the part away.</param>
internal sealed record TensorNames(params IReadOnlyList<(string From, string To)> Rules)
{
    /// <summary>The names of <c>qwen3_moe</c>.</summary>
    public static TensorNames Plain { get; } = new([]);

    /// <summary>The architecture's name of a tensor.</summary>
    public string Of(string name)
    {
        string dotted = $".{name}.";
        foreach ((string from, string to) in Rules)
        {
            dotted = dotted.Replace($".{from}.", to.Length == 0 ? "." : $".{to}.", StringComparison.Ordinal);
        }

        return dotted[1..^1];
    }
}
