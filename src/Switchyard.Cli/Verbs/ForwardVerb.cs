using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Metrics;
using Switchyard.Models;
using Switchyard.Models.Files;
using static TorchSharp.torch;

namespace Switchyard.Cli.Verbs;

/// <summary>One pass of a model over given tokens, everything that it computes written out.</summary>
internal static class ForwardVerb
{
    private const string TokensName = "input_ids";

    public static Command Make()
    {
        CommonOptions common = new();
        Argument<string> model = new("MODEL") { Description = "the folder of a model, or of a repository in a hub cache", Validators = { CommonOptions.RefuseDash } };
        Option<string> input = new("--input") { Description = "a safetensors file with the tensor input_ids [B, T], int64 or int32; others in it are ignored", HelpName = "FILE", Required = true };
        Option<string> output = new("--output") { Description = "the safetensors file to write: logits, hidden.i, router_logits.i, experts.i, weights.i", HelpName = "FILE", Required = true };
        Option<string?> mask = new("--mask") { Description = "name of a tensor [B, T] in the input that is 0 for padding, such as attention_mask", HelpName = "NAME" };
        Option<string?> types = new("--token-types") { Description = "name of a tensor [B, T] in the input with the kinds of tokens, for encoders", HelpName = "NAME" };
        Option<string> rounding = CommonOptions.OneOf("--rotary-frequencies", "bf16 to agree with a model that was cast to bf16 as a whole, which rounds them", "fp32", "fp32", "bf16");
        ModelOptions load = new();
        Command command = Verb.Make(
            "forward",
            "Run a model over given tokens and write logits, hidden states and routing, to compare with other software.",
            "switchyard forward models/olmoe --input tokens.safetensors --output ours.safetensors",
            common,
            (parse, _) => Run(parse, common, parse.GetValue(model)!, parse.GetValue(input)!, parse.GetValue(output)!, parse.GetValue(mask), parse.GetValue(types), load.Read(parse) with { RotaryRounding = parse.GetValue(rounding) is "bf16" ? ScalarType.BFloat16 : ScalarType.Float64 }));
        command.Arguments.Add(model);
        command.Options.Add(input);
        command.Options.Add(output);
        command.Options.Add(mask);
        command.Options.Add(types);
        command.Options.Add(rounding);
        load.AddTo(command);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string path, string input, string output, string? mask, string? types, ModelLoadOptions load)
    {
        OutputFile.RequireWritable("--output", output);
        Verb.UseThreads(parse, common);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using SafetensorsFile file = SafetensorsFile.Open(input);
        Tensor tokens = Ids(file, TokensName, null);
        using MoeTransformer model = MoeTransformer.Load(path, load);
        LeftOutNotice.Write(model, parse.GetValue(common.Quiet));
        Check(file, TokensName, tokens, model.Options.VocabularySize);
        if (tokens.size(1) > model.Options.LongestSequence)
        {
            throw new CheckpointFormatException(file.Path, TokensName, $"its sequences have {tokens.size(1)} tokens; the model takes {model.Options.LongestSequence}.");
        }

        TransformerInput given = new(tokens)
        {
            KeepStates = true,
            Mask = mask is null ? null : Ids(file, mask, tokens),
            TokenTypes = types is null ? null : Ids(file, types, tokens),
        };
        if (types is not null)
        {
            Check(file, types, given.TokenTypes!, model.Options.Encoder?.TokenTypes ?? 0);
        }

        ForwardLog log = new();
        List<(string Name, Tensor Tensor)> results = log.Tensors;
        IReadOnlyList<Tensor> states;
        if (model.HasHead)
        {
            MoeTransformerOutput computed = model.Run(given, log);
            results.Add(("logits", computed.Logits));
            states = computed.States;
        }
        else
        {
            states = model.Encode(given, log).All;
        }

        results.AddRange(states.Select((s, i) => ($"hidden.{i}", s)));
        SafetensorsWriter.Write(output, results);
        Output.WriteJson(parse, common, new { Schema = "switchyard.forward/1", Model = Path.GetFullPath(path), Output = Path.GetFullPath(output), Sequences = tokens.size(0), Tokens = tokens.numel(), Tensors = results.Select(r => r.Name).Order(StringComparer.Ordinal), ExpertCache = model.ExpertCache?.Statistics });
        if (common.Prints(parse))
        {
            Console.Out.WriteLine($"{results.Count} tensors of {tokens.size(0)} × {tokens.size(1)} tokens: {Path.GetFullPath(output)}");
        }

        ExpertCacheNotice.Write(model.ExpertCache?.Statistics, parse, common);

        return ExitCode.Done;
    }

    private static Tensor Ids(SafetensorsFile file, string name, Tensor? like)
    {
        SafetensorsEntry entry = file.Entry(name);
        if (entry.Type is not (SafetensorsType.I64 or SafetensorsType.I32) || entry.Shape.Count != 2 || entry.Count == 0)
        {
            throw new CheckpointFormatException(file.Path, name, $"it is {entry.Type} [{string.Join(", ", entry.Shape)}]; expected I64 or I32 [B, T] with at least one token.");
        }

        return like is null || entry.Shape.SequenceEqual(like.shape)
            ? file.Load(name).to(ScalarType.Int64)
            : throw new CheckpointFormatException(file.Path, name, $"its shape is [{string.Join(", ", entry.Shape)}]; that of {TokensName} is [{string.Join(", ", like.shape)}].");
    }

    private static void Check(SafetensorsFile file, string name, Tensor ids, int count)
    {
        (long low, long high) = (ids.min().item<long>(), ids.max().item<long>());
        if (low < 0 || high >= count)
        {
            throw new CheckpointFormatException(file.Path, name, $"it holds {(low < 0 ? low : high)}; the model has ids from 0 to {count - 1}.");
        }
    }

    /// <summary>Keeps what routers said, named and shaped as reference files have it: experts ascending, weights in that order.</summary>
    private sealed class ForwardLog : IRoutingObserver
    {
        public List<(string Name, Tensor Tensor)> Tensors { get; } = [];

        public void Observe(RoutingObservation observation)
        {
            (Tensor experts, Tensor order) = observation.Assignment.Experts.sort(-1);
            Tensors.Add(($"router_logits.{observation.Layer}", observation.Scores.alias().MoveToOuterDisposeScope()));
            Tensors.Add(($"experts.{observation.Layer}", experts.to(ScalarType.Int32).MoveToOuterDisposeScope()));
            Tensors.Add(($"weights.{observation.Layer}", observation.Assignment.Weights.gather(1, order).MoveToOuterDisposeScope()));
        }
    }
}
