using static TorchSharp.torch;

namespace Switchyard.Routing.LatentPrototypes;

/// <summary>Exponential moving averages of the codes routed to each expert, m of Rᵀ·z and n of R's column sums, from which prototypes are m/n.</summary>
/// <remarks>Buffers <c>sums</c> [E, z] (P at first), <c>counts</c> [E] (0 at first) and, for prototypes that are distributions, <c>squares</c> [E, z] of Rᵀ·z². What several passes of one step route adds up.</remarks>
internal sealed class PrototypeAverage : nn.Module
{
    private const double LeastCount = 1e-6;
    private readonly double _decay;
    private readonly Dictionary<string, Tensor> _pending = new(StringComparer.Ordinal);

    public PrototypeAverage(double decay, Tensor mean, Tensor? logVariance)
        : base("ema")
    {
        _decay = decay;
        this.AddBuffer("sums", mean.detach().clone());
        this.AddBuffer("counts", zeros(mean.shape[0]));
        if (logVariance is not null)
        {
            this.AddBuffer("squares", ((mean * mean) + logVariance.exp()).detach());
        }
    }

    /// <summary>Adds what one pass routed: routing R [T, E] and codes z [T, z], both without gradient.</summary>
    public void Observe(Tensor routing, Tensor codes)
    {
        using var scope = NewDisposeScope();
        AddPending("sums", mm(routing.t(), codes));
        AddPending("counts", routing.sum(dim: 0));
        if (has_buffer("squares"))
        {
            AddPending("squares", mm(routing.t(), codes * codes));
        }
    }

    /// <summary>Moves the averages by what was observed and writes the prototypes; nothing happens where nothing was observed.</summary>
    public void Update(Tensor mean, Tensor? logVariance)
    {
        if (_pending.Count == 0)
        {
            return;
        }

        using var scope = NewDisposeScope();
        using IDisposable quiet = no_grad();
        foreach ((string name, Tensor observed) in _pending)
        {
            get_buffer(name)!.mul_(Held(_decay)).add_(observed, Held(1 - _decay));
            observed.Dispose();
        }

        _pending.Clear();
        Tensor counts = get_buffer("counts")!.to(ScalarType.Float64).clamp_min(Held(LeastCount)).unsqueeze(1);
        Tensor center = get_buffer("sums")!.to(ScalarType.Float64) / counts;
        mean.copy_(center);
        logVariance?.copy_(((get_buffer("squares")!.to(ScalarType.Float64) / counts) - (center * center)).clamp_min(Held(LeastCount)).log());
    }

    /// <summary>Forgets what was observed since the last update.</summary>
    public void Forget()
    {
        foreach (Tensor observed in _pending.Values)
        {
            observed.Dispose();
        }

        _pending.Clear();
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        Forget();
        base.Dispose(disposing);
    }

    private void AddPending(string name, Tensor observed)
    {
        if (_pending.TryGetValue(name, out Tensor? before))
        {
            before.add_(observed);
        }
        else
        {
            _pending[name] = observed.DetachFromDisposeScope();
        }
    }
}
