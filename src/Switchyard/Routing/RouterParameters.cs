using Switchyard.Dense;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Switchyard.Routing;

/// <summary>Makes, registers and reads the parameters and buffers of routers.</summary>
/// <remarks>
/// They are looked up by name at each use, because <c>.to(device)</c> and <c>.to(type)</c> replace them, and they are detached from dispose scopes, because a module outlives the scope it is made in.
/// <para>Initial weights are normal, from torch's global generator, and scaled so that every learned router starts with scores of standard deviation <see cref="WeightDeviation"/>·√d on inputs of unit variance: the convention of the published MoE models (Mixtral, Qwen and DeepSeek draw W_g from N(0, 0.02)), and a comparison of routers then does not compare the scale of their first scores.</para>
/// </remarks>
internal static class RouterParameters
{
    /// <summary>Standard deviation of the linear router's initial weights.</summary>
    public const double WeightDeviation = 0.02;

    /// <summary>E[GELU(u)²] for u ~ N(0, 1).</summary>
    public const double SecondMomentOfGelu = 0.4252;

    /// <summary>Registers a parameter drawn from N(0, deviation²).</summary>
    public static void AddNormal(this nn.Module module, string name, double deviation, params ReadOnlySpan<long> shape) =>
        module.AddParameter(name, randn(shape.ToArray()).mul_(Held(deviation)));

    /// <summary>Registers a parameter of equal values.</summary>
    public static void AddConstant(this nn.Module module, string name, double value, params ReadOnlySpan<long> shape) =>
        module.AddParameter(name, full(shape.ToArray(), Held(value), ScalarType.Float32));

    /// <summary>Registers a parameter with the given initial values.</summary>
    public static void AddParameter(this nn.Module module, string name, Tensor values)
    {
        Parameter parameter = new(values);
        parameter.DetachFromDisposeScope();
        module.register_parameter(name, parameter);
    }

    /// <summary>Registers a buffer with the given initial values.</summary>
    public static void AddBuffer(this nn.Module module, string name, Tensor values, bool persistent = true)
    {
        values.DetachFromDisposeScope();
        module.register_buffer(name, values, persistent);
    }

    /// <summary>A parameter in the type of the arithmetic; a parameter of that type is returned as it is.</summary>
    public static Tensor In(this nn.Module module, string name, ScalarType type) => module.get_parameter(name)!.to(type);

    /// <summary>x·Wᵀ + b of a linear layer, in the type of x.</summary>
    public static Tensor Apply(this Linear layer, Tensor x) =>
        DenseOperations.Linear(x, layer.weight.to(x.dtype), layer.bias?.to(x.dtype));
}
