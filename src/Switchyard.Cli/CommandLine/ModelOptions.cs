using System.CommandLine;
using Switchyard.Models;
using static TorchSharp.torch;

namespace Switchyard.Cli.CommandLine;

/// <summary>How verbs that run a checkpoint read it.</summary>
internal static class ModelOptions
{
    /// <summary><c>--dtype</c>.</summary>
    public static Option<string> Dtype() => CommonOptions.OneOf("--dtype", "type of the products; weights stay in the form in which they are stored", "fp32", "fp32", "bf16");

    /// <summary>What the option says.</summary>
    public static ModelLoadOptions Read(ParseResult parse, Option<string> dtype) => new()
    {
        ComputeType = parse.GetValue(dtype) is "bf16" ? ScalarType.BFloat16 : ScalarType.Float32,
    };
}
