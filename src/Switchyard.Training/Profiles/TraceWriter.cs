using System.IO.Compression;
using Parquet;
using Parquet.Schema;
using Switchyard.Metrics;
using static TorchSharp.torch;

namespace Switchyard.Training.Profiles;

/// <summary>Writes every choice of every token to a Parquet file: columns <c>document</c>, <c>position</c>, <c>token</c>, <c>layer</c>, <c>slot</c>, <c>expert</c>, <c>weight</c>; a row a filled slot, in the order of text, then layer, then slot.</summary>
/// <remarks>Row groups of about 2²⁰ rows are written as the text goes, so that memory does not grow with it: about 26 MB.</remarks>
public sealed class TraceWriter : IDisposable
{
    private const int GroupRows = 1 << 20;

    private static readonly DataField[] s_fields =
    [
        new DataField<int>("document"), new DataField<long>("position"), new DataField<int>("token"), new DataField<short>("layer"),
        new DataField<short>("slot"), new DataField<short>("expert"), new DataField<float>("weight"),
    ];

    private readonly ParquetWriter _writer;
    private readonly SortedDictionary<int, List<(long[] Experts, float[] Weights)>> _pending = [];
    private readonly TraceColumns _columns = new();

    /// <summary>Begins a file.</summary>
    /// <param name="stream">Where it goes; stays open.</param>
    public TraceWriter(Stream stream)
    {
        ParquetOptions options = new() { CompressionMethod = CompressionMethod.Zstd, CompressionLevel = CompressionLevel.Fastest };
        _writer = ParquetWriter.CreateAsync(new ParquetSchema([.. s_fields.Cast<Field>()]), stream, options).GetAwaiter().GetResult();
    }

    /// <summary>Rows taken so far.</summary>
    public long Rows { get; private set; }

    /// <summary>Writes what is left and ends the file.</summary>
    public void Dispose()
    {
        Flush();
        _writer.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }

    /// <summary>Takes the fresh tokens of a window in one layer. Windows come in order, each layer sees all of a batch.</summary>
    internal void Observe(TextWindow window, RoutingObservation observation)
    {
        if (!_pending.TryGetValue(observation.Layer, out List<(long[], float[])>? windows))
        {
            _pending.Add(observation.Layer, windows = []);
        }

        using var scope = NewDisposeScope();
        windows.Add((
            observation.Assignment.Experts.cpu().to(ScalarType.Int64).contiguous().data<long>().ToArray(),
            observation.Assignment.Weights.detach().to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray()));
    }

    /// <summary>Writes the windows of a batch, all of whose layers were seen.</summary>
    internal void EndBatch(WindowBatch batch)
    {
        for (int b = 0; b < batch.Windows.Count; b++)
        {
            TextWindow window = batch.Windows[b];
            int begin = window.Tokens.Length - window.After - window.Fresh;
            for (int t = 0; t < window.Fresh; t++)
            {
                foreach ((int layer, List<(long[] Experts, float[] Weights)> windows) in _pending)
                {
                    Add(window, begin + t, layer, windows[b].Experts, windows[b].Weights, t);
                }
            }
        }

        foreach (List<(long[], float[])> windows in _pending.Values)
        {
            windows.Clear();
        }
    }

    private void Add(TextWindow window, int place, int layer, long[] experts, float[] weights, int t)
    {
        int slots = experts.Length / window.Fresh;
        for (int j = 0; j < slots; j++)
        {
            if (experts[(t * slots) + j] is >= 0 and long expert)
            {
                _columns.Add(window.Document, window.Begin + place, window.Tokens[place], (short)layer, (short)j, (short)expert, weights[(t * slots) + j]);
                Rows++;
            }
        }

        if (_columns.Count >= GroupRows)
        {
            Flush();
        }
    }

    private void Flush()
    {
        if (_columns.Count == 0)
        {
            return;
        }

        FlushAsync().GetAwaiter().GetResult();
        _columns.Clear();
    }

    private async Task FlushAsync()
    {
        using ParquetRowGroupWriter group = _writer.CreateRowGroup();
        await group.WriteAsync<int>(s_fields[0], _columns.Documents);
        await group.WriteAsync<long>(s_fields[1], _columns.Positions);
        await group.WriteAsync<int>(s_fields[2], _columns.Tokens);
        await group.WriteAsync<short>(s_fields[3], _columns.Layers);
        await group.WriteAsync<short>(s_fields[4], _columns.Slots);
        await group.WriteAsync<short>(s_fields[5], _columns.Experts);
        await group.WriteAsync<float>(s_fields[6], _columns.Weights);
    }
}
