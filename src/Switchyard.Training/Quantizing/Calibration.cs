using Switchyard.Dense;
using Switchyard.Experts;
using Switchyard.Kernels.Storage;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Weights;
using Switchyard.Training.Profiles;
using static TorchSharp.torch;

namespace Switchyard.Training.Quantizing;

/// <summary>Runs a text through a model layer by layer and rounds the experts of each on what they see: the states that come out of the layers before it as they were rounded. The model is spent afterwards.</summary>
internal sealed class Calibration : IDisposable
{
    private const int PortionElements = 1 << 23;
    private readonly MoeTransformer _model;
    private readonly QuantizeRequest _request;
    private readonly IProgress<ProfileProgress>? _progress;
    private readonly CancellationToken _cancellation;
    private readonly List<CalibrationBatch> _batches;
    private readonly List<QuantizedLayer> _layers = [];
    private int _next;

    /// <summary>Reads the text.</summary>
    /// <exception cref="ConfigurationException">It has fewer than two tokens, or the tokenizer does not belong to the model.</exception>
    public Calibration(MoeTransformer model, QuantizeRequest request, TextWindows text, IProgress<ProfileProgress>? progress, CancellationToken cancellation)
    {
        (_model, _request, _progress, _cancellation) = (model, request, progress, cancellation);
        model.eval();
        _batches = [.. WindowBatch.Join(text.Read(cancellation), model.Options.VocabularySize).Select(b => new CalibrationBatch(model, b))];
        Tokens = text.Tokens;
        if (Tokens < 2)
        {
            throw new ConfigurationException($"'{request.Calibration!.Path}': there is nothing to calibrate on; a text needs two tokens or more");
        }
    }

    /// <summary>Tokens of the text.</summary>
    public long Tokens { get; }

    /// <summary>What was done so far.</summary>
    public IReadOnlyList<QuantizedLayer> Layers => _layers;

    /// <summary>Rounds the experts of an MoE layer; of the layers in order.</summary>
    public RoundedLayer Round(int layer)
    {
        using var quiet = no_grad();
        while (_next < layer)
        {
            Advance();
        }

        MoeLayer moe = _model.MoeLayers.First(l => l.Options.Layer == layer);
        using LayerInputs inputs = new(moe.Routing);
        foreach (CalibrationBatch batch in _batches)
        {
            batch.Look(layer, inputs);
        }

        RoundedLayer rounded = Round(moe, inputs);
        Keep(moe, rounded);
        if (layer < _model.Options.Layers - 1)
        {
            Advance();
        }

        return rounded;
    }

    /// <inheritdoc/>
    public void Dispose() => _batches.ForEach(b => b.Dispose());

    private void Advance()
    {
        foreach (CalibrationBatch batch in _batches)
        {
            batch.Advance(_next);
        }

        _next++;
        Tell();
    }

    private void Tell()
    {
        _cancellation.ThrowIfCancellationRequested();
        _progress?.Report(new ProfileProgress(Tokens * _next, Tokens * _model.Options.Layers));
    }

    private RoundedLayer Round(MoeLayer moe, LayerInputs inputs)
    {
        using var scope = NewDisposeScope();
        Tensor x = inputs.Seen();
        if (!x.isfinite().all().item<bool>())
        {
            throw new ConfigurationException($"layer {moe.Options.Layer}: what its experts see of the calibration text holds what is no finite number; a weight of the model is none, or too large");
        }

        CalibrationTokens tokens = inputs.Tokens(_request.LeastTokens);
        List<RoundedMatrix> gateUp = [], down = [], shared = [];
        int[] routed = new int[moe.Options.Experts], added = new int[moe.Options.Experts];
        RoundingError error = default;
        for (int e = 0; e < moe.Options.Experts; e++)
        {
            using var one = NewDisposeScope();
            _cancellation.ThrowIfCancellationRequested();
            (Tensor sent, Tensor near) = tokens.Of(e);
            (routed[e], added[e]) = ((int)sent.size(0), (int)near.size(0));
            Tensor first = Matrix(moe.Experts.Stored?.GateUp[e], () => moe.Experts.GateUp.select(0, e));
            Tensor second = Matrix(moe.Experts.Stored?.Down[e], () => moe.Experts.Down.select(0, e));
            error += Round(x, cat([sent, near], 0), first, second, moe.Experts.GateUpBias?.select(0, e), moe.Options.Activation, gateUp, down);
        }

        if (moe.SharedExpert?.FeedForward is { } dense)
        {
            Tensor hidden = inputs.Hidden(), first = Matrix(dense.Stored?.GateUp[0], () => dense.GateUp), second = Matrix(dense.Stored?.Down[0], () => dense.Down);
            error += Round(hidden, arange(Held(hidden.size(0)), ScalarType.Int64), first, second, dense.GateUpBias, dense.Activation, shared, shared);
        }

        _layers.Add(new QuantizedLayer(moe.Options.Layer, routed, added, error));
        return new RoundedLayer(gateUp, down, shared);
    }

    /// <summary>Rounds both matrices of an expert: the first on its inputs, the second on what the first then makes of them.</summary>
    private RoundingError Round(Tensor x, Tensor tokens, Tensor first, Tensor second, Tensor? bias, ExpertActivation activation, List<RoundedMatrix> firsts, List<RoundedMatrix> seconds)
    {
        using var scope = NewDisposeScope();
        int portion = (int)Math.Max(1, PortionElements / Math.Max(first.size(0), first.size(1)));
        Tensor gram = zeros(first.size(1), first.size(1));
        ForEachPortion(part => gram.addmm_(part.t(), part));
        (RoundedMatrix rounded, RoundingError error) = CalibratedRounding.Round(first, gram, _request.Bits, _request.Group);
        firsts.Add(rounded);

        Tensor values = Matrix(rounded.Stored, () => first), inner = zeros(second.size(1), second.size(1));
        ForEachPortion(part =>
        {
            Tensor h = activation.Apply(nn.functional.linear(part, values, bias));
            inner.addmm_(h.t(), h);
        });
        (RoundedMatrix last, RoundingError more) = CalibratedRounding.Round(second, inner, _request.Bits, _request.Group);
        seconds.Add(last);
        return error + more;

        void ForEachPortion(Action<Tensor> use)
        {
            for (long from = 0; from < tokens.size(0); from += portion)
            {
                using var one = NewDisposeScope();
                use(x.index_select(0, tokens.narrow(0, from, Math.Min(portion, tokens.size(0) - from))));
            }
        }
    }

    /// <summary>A matrix in fp32.</summary>
    private static unsafe Tensor Matrix(StoredMatrix? stored, Func<Tensor> parameter)
    {
        if (stored is null)
        {
            return parameter().detach().to(ScalarType.Float32);
        }

        Tensor wide = empty(stored.Rows, stored.Columns);
        stored.Widen((float*)wide.Address());
        return wide;
    }

    private static void Keep(MoeLayer moe, RoundedLayer rounded)
    {
        moe.Experts.Keep(new StoredExperts(moe.Experts.Options, [.. rounded.GateUp.Select(m => m.Stored)], [.. rounded.Down.Select(m => m.Stored)], "rounded"));
        if (moe.SharedExpert?.FeedForward is { } dense)
        {
            ExpertOptions sizes = new() { Experts = 1, HiddenSize = rounded.Shared[0].Stored.Columns, InnerSize = rounded.Shared[1].Stored.Columns, Activation = dense.Activation };
            dense.Keep(new StoredExperts(sizes, [rounded.Shared[0].Stored], [rounded.Shared[1].Stored], "rounded"));
        }
    }
}
