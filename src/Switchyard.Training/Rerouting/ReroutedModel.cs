using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Models.Tokenizers;
using Switchyard.Training.Corpora;
using Switchyard.Training.Masking;
using Switchyard.Training.Trainers;
using static TorchSharp.torch;

namespace Switchyard.Training.Rerouting;

/// <summary>A frozen model whose layers have two routings, of which one is in its place: the old, which makes the model the original again, or the new, which is trained. Experts and all else are there once.</summary>
internal sealed class ReroutedModel : IDisposable
{
    private readonly LayerRouting[] _spare;
    private bool _isOld;

    private ReroutedModel(MoeTransformer model, MoeLayer[] layers, LayerRouting[] old)
    {
        Model = model;
        Layers = layers;
        _spare = old;
    }

    /// <summary>The model; it is disposed with this.</summary>
    public MoeTransformer Model { get; }

    /// <summary>The layers whose routing is exchanged.</summary>
    public IReadOnlyList<MoeLayer> Layers { get; }

    /// <summary>How tokens are masked for an encoder; null for a decoder, which predicts the next token.</summary>
    public TokenMasking? Masking { get; init; }

    /// <summary>Router, selector and balancers, of the first of the layers.</summary>
    public string RoutingName => New(0).Options.Routing.Name;

    /// <summary>Reads a model, freezes it, and gives its layers the new routing, not yet started.</summary>
    /// <param name="config">What is replaced by what.</param>
    /// <param name="tokenizer">The model's tokenizer, which must live as long as this.</param>
    /// <exception cref="ConfigurationException">The model has no such layers, the parts do not fit together, or it is an encoder without a head or a mask.</exception>
    public static ReroutedModel Load(RerouteConfig config, TextTokenizer tokenizer)
    {
        MoeTransformer model = MoeTransformer.Load(config.Model, new ModelLoadOptions { Activations = config.Activations });
        try
        {
            MoeLayer[] layers = [.. Chosen(model, config)];
            TokenMasking? masking = TokenMasking.Of(model, tokenizer, config.Seed);
            foreach (Tensor parameter in model.parameters())
            {
                parameter.requires_grad_(false);
            }

            LayerRouting[] old = [.. layers.Select((layer, i) =>
            {
                random.manual_seed(unchecked((config.Seed * 1_000_003) + layer.Options.Layer));
                return layer.Exchange(new LayerRouting(config.RoutingOf(layer.Options).In(layer.Options)));
            })];
            return new ReroutedModel(model, layers, old) { Masking = masking };
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>The routing that a layer had.</summary>
    public LayerRouting Old(int i) => _isOld ? InPlace(i) : _spare[i];

    /// <summary>The routing that a layer gets.</summary>
    public LayerRouting New(int i) => _isOld ? _spare[i] : InPlace(i);

    /// <summary>Inputs and targets [B, N] of a batch of text; targets are negative where none is judged.</summary>
    /// <param name="batch">The text.</param>
    /// <param name="number">Number of the batch.</param>
    public (Tensor Inputs, Tensor Targets) Batch(TokenBatch batch, long number) => BatchTensors.Of(batch, Model.Options.VocabularySize, Masking, number);

    /// <summary>Puts the old or the new routing in its place.</summary>
    public void Use(bool old)
    {
        for (int i = 0; _isOld != old && i < Layers.Count; i++)
        {
            _spare[i] = Layers[i].Exchange(_spare[i]);
        }

        _isOld = old;
    }

    /// <summary>What is trained, with the state of balancers, under the names that it will have in the checkpoint. The new routing must be in its place.</summary>
    public IEnumerable<(string Name, Tensor Tensor)> Weights() => ModelTensors.OfRouting(Model, Layers.Select(l => l.Options.Layer));

    /// <summary>Parameters of the new routers and selectors, with their names.</summary>
    public IEnumerable<(string Name, TorchSharp.Modules.Parameter Parameter)> Parameters() =>
        Layers.SelectMany((layer, i) => ((nn.Module[])[New(i).Router, New(i).Selector])
            .SelectMany((part, p) => part.named_parameters().Select(n => ($"{layer.Options.Layer}.{(p == 0 ? "gate" : "selector")}.{n.name}", n.parameter)))
            .DistinctBy(n => n.parameter, ReferenceEqualityComparer.Instance));

    /// <summary>Factor on what the new routing's balancers do.</summary>
    public double Strength
    {
        get => New(0).Balancer.Strength;
        set
        {
            for (int i = 0; i < Layers.Count; i++)
            {
                New(i).Balancer.Strength = value;
            }
        }
    }

    /// <summary>Makes the factor part of the balancers' state.</summary>
    public void KeepStrength()
    {
        for (int i = 0; i < Layers.Count; i++)
        {
            New(i).Balancer.Weaken(Strength);
        }

        Strength = 1;
    }

    /// <summary>Whether the old balancers lean on the choice, and the new ones are of their kind and take over.</summary>
    public bool CopiesBalance { get; private set; }

    /// <summary>Refuses what <see cref="Copy()"/> cannot do.</summary>
    /// <exception cref="ConfigurationException">Old and new routers, or balancers that lean on the choice, are of different kinds or sizes.</exception>
    public void RequireCopy()
    {
        for (int i = 0; i < Layers.Count; i++)
        {
            (LayerRouting from, LayerRouting to) = (Old(i), New(i));
            if (from.Router.Options != to.Router.Options || from.Router.GetType() != to.Router.GetType())
            {
                throw new ConfigurationException($"layer {Layers[i].Options.Layer}: the weights of a router '{from.Options.Routing.Router}' cannot be copied into a router '{to.Options.Routing.Router}'; start it with distill or fresh");
            }

            if (LeansOnTheChoice(from) && !from.Balancer.state_dict().Keys.ToHashSet().SetEquals(to.Balancer.state_dict().Keys))
            {
                throw new ConfigurationException($"layer {Layers[i].Options.Layer}: the old choice is biased by '{from.Options.Routing.Balancer}', which '{to.Options.Routing.Balancer}' cannot take over; copy with --balance {from.Options.Routing.Balancer}, or start with distill or fresh");
            }
        }
    }

    /// <summary>Gives the new routers the weights of the old ones, and where the old choice is biased, the new balancers the old ones' state.</summary>
    /// <exception cref="ConfigurationException">They are of different kinds or sizes.</exception>
    public void Copy()
    {
        RequireCopy();
        using var quiet = no_grad();
        for (int i = 0; i < Layers.Count; i++)
        {
            Copy(Old(i).Router, New(i).Router);
            if (LeansOnTheChoice(Old(i)))
            {
                Copy(Old(i).Balancer, New(i).Balancer);
                CopiesBalance = true;
            }
        }
    }

    private static bool LeansOnTheChoice(LayerRouting routing) => routing.Balancer.state_dict().Values.Any(t => t.count_nonzero().item<long>() > 0);

    private static void Copy(nn.Module from, nn.Module to)
    {
        Dictionary<string, Tensor> values = from.state_dict();
        foreach ((string name, Tensor value) in to.state_dict())
        {
            value.copy_(values[name]);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (LayerRouting routing in _spare)
        {
            routing.Dispose();
        }

        Model.Dispose();
    }

    private static IEnumerable<MoeLayer> Chosen(MoeTransformer model, RerouteConfig config)
    {
        if (model.MoeLayers.Count == 0)
        {
            throw new ConfigurationException($"'{config.Model}': no layer of the model has experts; there is no router to replace");
        }

        if (config.Layers is null)
        {
            return model.MoeLayers;
        }

        int[] wrong = [.. config.Layers.Where(l => model.MoeLayers.All(m => m.Options.Layer != l))];
        return wrong.Length == 0 && config.Layers.Count > 0
            ? model.MoeLayers.Where(m => config.Layers.Contains(m.Options.Layer))
            : throw new ConfigurationException($"--layers: {(wrong.Length > 0 ? $"layer {wrong[0]} is no MoE layer of the model" : "names no layer")}; its MoE layers are {string.Join(", ", model.MoeLayers.Select(m => m.Options.Layer))}");
    }

    private LayerRouting InPlace(int i) => Layers[i].Routing;
}
