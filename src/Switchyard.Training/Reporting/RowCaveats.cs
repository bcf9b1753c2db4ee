using Switchyard.Selection;
using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>Rows whose loss and load say something else than those of the others.</summary>
internal static class RowCaveats
{
    /// <summary>What is apart about a row, as the end of a sentence about it; null where nothing is.</summary>
    public static string? Of(CompareRow row) =>
        Selector(row) is not { } selector ? null
        : !selector.IsCausal ? "chooses by looking at later tokens, in the held-out text too, so that its loss is none of prediction"
        : selector.Name == "round-robin" ? "sends tokens to the experts in turn, whatever the scores: a measure of speed"
        : null;

    private static SelectorEntry? Selector(CompareRow row)
    {
        try
        {
            return Selectors.All.Get(RoutingRecipe.Parse(row.Name).Selector);
        }
        catch (ConfigurationException)
        {
            return null;
        }
    }
}
