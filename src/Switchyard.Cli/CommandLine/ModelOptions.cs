using System.CommandLine;
using System.CommandLine.Parsing;
using Switchyard.Kernels;
using Switchyard.Models;
using static TorchSharp.torch;

namespace Switchyard.Cli.CommandLine;

/// <summary>How verbs that run a checkpoint read it.</summary>
internal sealed class ModelOptions
{
    /// <summary>The option's name.</summary>
    public const string ExpertCacheName = "--expert-cache";

    private readonly Option<string> _dtype = CommonOptions.OneOf("--dtype", "type of the products; weights stay in the form in which they are stored", "fp32", "fp32", "bf16");

    private readonly Option<string?> _expertCache = new(ExpertCacheName)
    {
        Description = "read the experts that tokens visit into so much memory and no more: 512MB, 2GB, 1GiB; they are mapped, without a bound, unless said otherwise",
        HelpName = "SIZE",
        Validators = { Sized },
    };

    private readonly Option<Arithmetic?> _arithmetic = new("--arithmetic")
    {
        Description = "what the products of experts multiply: fp32, bf16, int16 or int8; what follows from --dtype unless said otherwise; int8 takes experts that are integers by groups, as quantize writes them",
        HelpName = "fp32|bf16|int16|int8",
        CustomParser = Named,
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_arithmetic);
        command.Options.Add(_dtype);
        command.Options.Add(_expertCache);
    }

    /// <summary>What the options say.</summary>
    public ModelLoadOptions Read(ParseResult parse) => new()
    {
        ComputeType = parse.GetValue(_dtype) is "bf16" ? ScalarType.BFloat16 : ScalarType.Float32,
        Arithmetic = parse.GetValue(_arithmetic),
        ExpertCacheBytes = parse.GetValue(_expertCache) is { } size ? ByteSize.Parse(size) : null,
    };

    private static Arithmetic? Named(ArgumentResult result)
    {
        string name = result.Tokens.Single().Value;
        if (Enum.GetNames<Arithmetic>().Contains(name, StringComparer.OrdinalIgnoreCase))
        {
            return Enum.Parse<Arithmetic>(name, ignoreCase: true);
        }

        result.AddError($"--arithmetic is '{name}'; it must be fp32, bf16, int16 or int8");
        return null;
    }

    private static void Sized(OptionResult result)
    {
        foreach (Token token in result.Tokens)
        {
            if (ByteSize.Parse(token.Value) is null)
            {
                result.AddError($"{result.Option.Name} is '{token.Value}'; it must be {ByteSize.Form}");
            }
        }
    }
}
