using Switchyard.Training.Results;

namespace Switchyard.Training.Reporting;

/// <summary>A characterisation as a comparison, so that tables, legends and charts of comparisons draw it.</summary>
internal sealed class CharacterizedRows
{
    private readonly Dictionary<CompareRow, CharacterizeRow> _rows = new(ReferenceEqualityComparer.Instance);

    public CharacterizedRows(CharacterizeResult result)
    {
        Result = result;
        ProfileModel model = result.Model;
        Compared = new CompareResult
        {
            Created = result.Created,
            Machine = result.Machine,
            Preset = string.Empty,
            Command = result.Command,
            Corpus = new CorpusInfo(result.Judged.Name, result.Judged.Path, result.Judged.Documents, 0, result.Judged.Tokens, []),
            Model = new ModelInfo(model.HiddenSize, model.Layers, model.Experts, model.TopK, model.InnerSize, result.Judged.Context, BatchTokens(result), result.Config.Reroute.Training.Steps, [result.Config.Reroute.Seed]),
            Diverged = result.Diverged,
            Rows = [.. result.Rows.Select(Row)],
        };
    }

    public CharacterizeResult Result { get; }

    public CompareResult Compared { get; }

    /// <summary>The model as it was; null where a result has no such row.</summary>
    public CharacterizeRow? Original => Result.Rows.FirstOrDefault(r => r.Name == CharacterizeRow.Original);

    /// <summary>What a row of the comparison stands for.</summary>
    public CharacterizeRow Of(CompareRow row) => _rows[row];

    /// <summary>Each row with its place in the comparison.</summary>
    public IEnumerable<(CompareRow Compared, CharacterizeRow Row)> All => Compared.Rows.Select(r => (r, _rows[r]));

    /// <summary>Tokens of a step of training.</summary>
    public static int BatchTokens(CharacterizeResult result) => result.Config.Reroute.Training.BatchSequences * result.Config.Reroute.Training.AccumulationSteps * result.Config.Reroute.Context;

    private CompareRow Row(CharacterizeRow row)
    {
        CompareRow compared = new()
        {
            Name = row.Name,
            Router = row.Router,
            Selector = row.Selector,
            Balance = row.Balance,
            RouterParameters = row.RouterParameters,
            TestLoss = row.Loss,
            Perplexity = row.Perplexity,
            Gini = row.Gini,
            GiniWorstLayer = row.GiniWorstLayer,
            MinMax = row.MinMax,
            LoadEntropy = row.LoadEntropy,
            RoutingEntropy = row.RoutingEntropy,
            Utilisation = row.Utilisation,
            Steps = row.Steps,
            Seconds = row.Seconds,
            Layers = row.Layers,
            History = [],
        };
        _rows.Add(compared, row);
        return compared;
    }
}
