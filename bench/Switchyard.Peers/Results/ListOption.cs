using System.CommandLine;

namespace Switchyard.Peers.Results;

/// <summary>Options that take several words with commas between them.</summary>
internal static class ListOption
{
    /// <summary>Refuses words that are not known.</summary>
    public static void AcceptOnlyFromLists(this Option<string> option, IReadOnlyCollection<string> words) => option.Validators.Add(result =>
    {
        foreach (string word in result.Tokens.SelectMany(t => t.Value.Split(',')).Where(w => !words.Contains(w)))
        {
            result.AddError($"{option.Name} has '{word}'; known are {string.Join(", ", words)}");
        }
    });
}
