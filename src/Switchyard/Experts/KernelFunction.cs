using Switchyard.Dense;
using Switchyard.Experts.Caching;
using Switchyard.Kernels.Activations;
using Switchyard.Kernels.FeedForward;
using static TorchSharp.torch;

namespace Switchyard.Experts;

/// <summary>All experts over rows by our kernels, as one node of the autograd graph, on tensor memory.</summary>
internal sealed unsafe class KernelFunction : autograd.SingleTensorFunction<KernelFunction>
{
    private const string RowsKey = "rows", FormKey = "form", NeedsKey = "needs";

    public override string Name => nameof(KernelFunction);

    /// <summary>Outputs [T, d] of fp32 tensors, contiguous, on the CPU.</summary>
    public static Tensor Run(Tensor x, Tensor weights, KernelExperts experts, KernelRows rows, SavedActivations activations)
    {
        bool records = is_grad_enabled() && (x.requires_grad || weights.requires_grad || experts.RequiresGradient);
        if (!records)
        {
            return Forward(x, weights, experts, rows, saved: null);
        }

        if (experts.Form.Stored is { IsCached: true })
        {
            throw new InvalidOperationException("the experts are read into a cache of bounded memory, which keeps nothing for gradients: run within torch.no_grad(), or load the model without expertCacheBytes");
        }

        return apply(
            x,
            weights,
            experts.GateUp?.Viewed()!,
            experts.Down?.Viewed()!,
            experts.GateUpBias?.Viewed()!,
            experts.DownBias?.Viewed()!,
            rows,
            experts.Form,
            activations,
            new GradientNeeds(
                x.requires_grad,
                weights.requires_grad,
                experts.GateUp is { requires_grad: true },
                experts.Down is { requires_grad: true },
                experts.GateUpBias is { requires_grad: true },
                experts.DownBias is { requires_grad: true }));
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        Tensor x = (Tensor)vars[0], weights = (Tensor)vars[1];
        KernelExperts experts = new((Tensor?)vars[2], (Tensor?)vars[3], (Tensor?)vars[4], (Tensor?)vars[5], (KernelForm)vars[7]);
        KernelRows rows = (KernelRows)vars[6];
        Tensor? inner = (SavedActivations)vars[8] == SavedActivations.Keep ? empty(SavedLength(x, weights, experts, rows)) : null;
        Tensor y = Forward(x, weights, experts, rows, inner);
        ctx.save_for_backward([x, weights, experts.GateUp!, experts.Down!, experts.GateUpBias!, experts.DownBias!, rows.TokenOfRow, rows.PairOfRow, inner!]);
        ctx.save_data(RowsKey, rows);
        ctx.save_data(FormKey, experts.Form);
        ctx.save_data(NeedsKey, vars[9]);
        return y;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output)
    {
        using var scope = NewDisposeScope();
        scope.Attach(grad_output);
        List<Tensor> saved = ctx.get_saved_variables();
        GradientNeeds needs = (GradientNeeds)ctx.get_data(NeedsKey);
        (Tensor x, Tensor weights) = (saved[0], saved[1]);
        KernelExperts experts = new(saved[2], saved[3], saved[4], saved[5], (KernelForm)ctx.get_data(FormKey));
        Tensor dy = grad_output.contiguous();
        Tensor? dx = needs.X ? empty_like(x) : null;
        Tensor? dWeights = needs.Weights ? zeros_like(weights) : null;
        Tensor? dGateUp = needs.GateUp ? empty_like(experts.GateUp!) : null;
        Tensor? dDown = needs.Down ? empty_like(experts.Down!) : null;
        Tensor? dGateUpBias = needs.GateUpBias ? empty_like(experts.GateUpBias!) : null;
        Tensor? dDownBias = needs.DownBias ? empty_like(experts.DownBias!) : null;
        KernelRows rows = ((KernelRows)ctx.get_data(RowsKey)) with { TokenOfRow = saved[6], PairOfRow = saved[7] };
        using TensorMemory memory = new();
        fixed (int* offsets = rows.Offsets, computed = rows.Computed)
        {
            Problem(memory, x, weights, experts, rows, experts.Whole(memory), offsets, computed).Backward(
                KernelEngines.Current,
                new FeedForwardGradients
                {
                    Y = memory.Floats(dy),
                    X = memory.Floats(dx),
                    Weights = memory.Floats(dWeights),
                    First = memory.Floats(dGateUp),
                    FirstBias = memory.Floats(dGateUpBias),
                    Second = memory.Floats(dDown),
                    SecondBias = memory.Floats(dDownBias),
                },
                memory.Floats(saved[8]));
        }

        return GraphNode.Return(dx, dWeights, dGateUp, dDown, dGateUpBias, dDownBias, null, null, null, null);
    }

    private static long SavedLength(Tensor x, Tensor weights, KernelExperts experts, KernelRows rows)
    {
        using TensorMemory memory = new();
        fixed (int* offsets = rows.Offsets, computed = rows.Computed)
        {
            return Problem(memory, x, weights, experts, rows, experts.Whole(memory), offsets, computed).SavedLength;
        }
    }

    private static Tensor Forward(Tensor x, Tensor weights, KernelExperts experts, KernelRows rows, Tensor? saved)
    {
        Tensor y = empty_like(x);
        using TensorMemory memory = new();
        foreach (ExpertPortion portion in experts.Portions(memory, rows.Computed))
        {
            fixed (int* offsets = portion.OffsetsIn(rows.Offsets), computed = rows.Computed)
            {
                Problem(memory, x, weights, experts, rows, portion, offsets, computed).Forward(KernelEngines.Current, memory.Floats(y), memory.Floats(saved), adds: portion.From > 0);
            }
        }

        return y;
    }

    /// <summary>The work on the rows of a portion of the experts, whose offsets count from its own first row; the rows that are computed are those of all E.</summary>
    private static GroupedFeedForward Problem(TensorMemory memory, Tensor x, Tensor weights, KernelExperts experts, KernelRows rows, ExpertPortion portion, int* offsets, int* computed) => new()
    {
        Tokens = checked((int)x.size(0)),
        Width = checked((int)x.size(1)),
        Inner = experts.Form.Options.InnerSize,
        Groups = portion.To - portion.From,
        Arithmetic = experts.Form.Arithmetic,
        Activation = experts.Form.Options.Activation switch
        {
            ExpertActivation.SwiGlu => Activation.SwiGlu,
            ExpertActivation.Gelu => Activation.Gelu,
            ExpertActivation.Relu => Activation.Relu,
            _ => throw new ArgumentOutOfRangeException(nameof(experts), experts.Form.Options.Activation, "no such activation"),
        },
        X = memory.Floats(x),
        First = portion.GateUp is null ? memory.Floats(experts.GateUp) : null,
        StoredFirst = portion.GateUp,
        FirstBias = RowOf(memory, experts.GateUpBias, portion.From),
        Second = portion.Down is null ? memory.Floats(experts.Down) : null,
        StoredSecond = portion.Down,
        SecondBias = RowOf(memory, experts.DownBias, portion.From),
        Offsets = offsets,
        Computed = computed + portion.From,
        RowToken = (long*)memory.Address(rows.TokenOfRow) + rows.Offsets[portion.From],
        RowPair = (long*)memory.Address(rows.PairOfRow) + rows.Offsets[portion.From],
        Weights = memory.Floats(weights),
    };

    private static float* RowOf(TensorMemory memory, Tensor? matrix, int row) => matrix is null ? null : memory.Floats(matrix) + (row * matrix.size(1));

    private sealed record GradientNeeds(bool X, bool Weights, bool GateUp, bool Down, bool GateUpBias, bool DownBias);
}
