using System.Reflection;
using System.Text.Json;

namespace Switchyard.Experts;

/// <summary>
/// Which executor was fastest where it was measured. Elsewhere the nearest measured point of the same device, storage and direction answers:
/// the one with the least Σ (ln a − ln b)² over d, f, E, rows per expert and imbalance.
/// </summary>
public sealed class ExecutorTable
{
    /// <summary>Name and version of the schema.</summary>
    public const string Schema = "switchyard.executors/1";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };
    private static readonly Lazy<ExecutorTable> Shipped = new(() =>
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("executors.json")!;
        return Read(stream);
    });

    private readonly ILookup<(string Device, string Storage, bool Backward), (string Executor, double[] Point)> _points;

    /// <summary>A table of these choices.</summary>
    /// <param name="choices">Choices; of several at one point the first counts.</param>
    /// <exception cref="ConfigurationException">A choice names no executor, or <c>auto</c> itself, or a number that is not positive.</exception>
    public ExecutorTable(IEnumerable<ExecutorChoice> choices)
    {
        Choices = [.. choices];
        foreach (ExecutorChoice choice in Choices)
        {
            Check(choice);
        }

        _points = Choices.ToLookup(c => (c.At.Device, c.At.Storage, c.At.Backward), c => (c.Executor, Point(c.At)));
    }

    /// <summary>The table that this assembly carries, measured on one machine: <c>bench executor --write-table</c> makes another.</summary>
    public static ExecutorTable Default => Shipped.Value;

    /// <summary>The choices.</summary>
    public IReadOnlyList<ExecutorChoice> Choices { get; }

    /// <summary>Reads a table.</summary>
    /// <exception cref="ConfigurationException">It is not a table of this schema.</exception>
    public static ExecutorTable Read(Stream stream)
    {
        try
        {
            Document? document = JsonSerializer.Deserialize<Document>(stream, Json);
            return document is { Schema: Schema }
                ? new ExecutorTable(document.Choices)
                : throw new ConfigurationException($"the table of executors has schema '{document?.Schema}'; expected '{Schema}'");
        }
        catch (JsonException e)
        {
            throw new ConfigurationException($"the table of executors is not as expected: {e.Message}", e);
        }
    }

    /// <summary>Writes the table as JSON, a choice a line.</summary>
    public void Write(Stream stream)
    {
        IEnumerable<string> lines = Choices.Select(c => "    " + JsonSerializer.Serialize(c, Json));
        using StreamWriter writer = new(stream, leaveOpen: true) { NewLine = "\n" };
        writer.Write($"{{\n  \"schema\": \"{Schema}\",\n  \"choices\": [\n{string.Join(",\n", lines)}\n  ]\n}}\n");
    }

    /// <summary>The executor for a situation; <see cref="Executors.Default"/> where nothing like it was measured.</summary>
    /// <param name="situation">Device, storage, sizes and load.</param>
    /// <param name="accepts">Whether an executor can be used at all.</param>
    public string Choose(ExecutorSituation situation, Func<string, bool> accepts)
    {
        double[] at = Point(situation);
        return _points[(situation.Device, situation.Storage, situation.Backward)]
            .OrderBy(p => Distance(p.Point, at))
            .Select(p => p.Executor)
            .FirstOrDefault(accepts, Executors.Default);
    }

    private static double[] Point(ExecutorSituation s) =>
        [Math.Log(s.HiddenSize), Math.Log(s.InnerSize), Math.Log(s.Experts), Math.Log(s.RowsPerExpert), Math.Log(s.Imbalance)];

    private static double Distance(double[] a, double[] b) => a.Zip(b, (x, y) => (x - y) * (x - y)).Sum();

    private static void Check(ExecutorChoice choice)
    {
        ExecutorSituation at = choice.At;
        if (choice.Executor is Executors.Auto || !Executors.All.TryGet(choice.Executor, out _))
        {
            throw new ConfigurationException($"the table of executors names '{choice.Executor}'; it can name {string.Join(", ", Executors.All.Names.Where(n => n is not Executors.Auto))}");
        }

        if (at.HiddenSize <= 0 || at.InnerSize <= 0 || at.Experts <= 0 || !(at.RowsPerExpert > 0) || !(at.Imbalance > 0))
        {
            throw new ConfigurationException($"the table of executors has an entry whose numbers are not all positive: {at}");
        }
    }

    private sealed record Document(string Schema, IReadOnlyList<ExecutorChoice> Choices);
}
