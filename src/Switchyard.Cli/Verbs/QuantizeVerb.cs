using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Models;
using Switchyard.Models.Checkpoints;
using Switchyard.Training.Corpora;
using Switchyard.Training.Trainers;

namespace Switchyard.Cli.Verbs;

/// <summary>Writes an int8 or int4 copy of a checkpoint.</summary>
internal static class QuantizeVerb
{
    public static Command Make()
    {
        CommonOptions common = new();
        TextOptionSet windows = new();
        Argument<string> model = new("MODEL") { Description = "the folder of a model, or of a repository in a hub cache", Validators = { CommonOptions.RefuseDash } };
        Option<string> output = new("--output") { Description = "the folder to write; it must not be there", HelpName = "FOLDER", Required = true };
        Option<string> bits = CommonOptions.OneOf("--bits", "bits of a weight", "8", "8", "4");
        Option<string> group = CommonOptions.OneOf("--group", "weights along the input that share a scale", "32", "32", "128");
        Option<string?> text = new("--text") { Description = "text to judge both models on: a text file, a folder, JSON Lines", HelpName = "PATH" };
        Command command = Verb.Make(
            "quantize",
            "Write a copy of a checkpoint whose experts are integers of 8 or 4 bits, rounded to the nearest.",
            "switchyard quantize models/qwen3-moe --bits 4 --group 32 --output models/qwen3-moe-int4 --text book.txt",
            common,
            (parse, cancellation) => Run(parse, common, parse.GetValue(model)!, parse.GetValue(output)!, int.Parse(parse.GetValue(bits)!), int.Parse(parse.GetValue(group)!), parse.GetValue(text), windows, cancellation));
        command.Arguments.Add(model);
        foreach (Option option in (Option[])[output, bits, group, text])
        {
            command.Options.Add(option);
        }

        windows.AddTo(command);
        return command;
    }

    private static int Run(ParseResult parse, CommonOptions common, string model, string output, int bits, int group, string? text, TextOptionSet windows, CancellationToken cancellation)
    {
        if (Path.Exists(output))
        {
            throw new ConfigurationException($"--output {output}: it is there already; name a folder that is not");
        }

        ICorpus? corpus = text is null ? null : Corpus.Open(text);
        (long before, long after) = CheckpointQuantizer.Write(model, output, bits, group);
        Verb.UseThreads(parse, common);
        Evaluation? first = corpus is null ? null : EvalVerb.OfModel(parse, common, model, corpus, windows, new ModelLoadOptions(), cancellation).Evaluation;
        Evaluation? second = corpus is null ? null : EvalVerb.OfModel(parse, common, output, corpus, windows, new ModelLoadOptions(), cancellation).Evaluation;
        Output.WriteJson(
            parse,
            common,
            new { Schema = "switchyard.quantize/1", Model = Path.GetFullPath(model), Output = Path.GetFullPath(output), Bits = bits, Group = group, ExpertBytesBefore = before, ExpertBytesAfter = after, LossBefore = first?.Loss, LossAfter = second?.Loss, Tokens = first?.Tokens });
        if (common.Prints(parse))
        {
            Console.Out.WriteLine($"experts     {before / 1e6:N1} MB → {after / 1e6:N1} MB, {bits} bits in groups of {group}");
            if (first is not null)
            {
                Console.Out.WriteLine($"loss        {first.Loss:0.0000} → {second!.Loss:0.0000} nats a token, over {first.Tokens:N0} tokens");
                Console.Out.WriteLine($"perplexity  {Math.Exp(first.Loss):0.000} → {Math.Exp(second.Loss):0.000}");
            }

            Console.Out.WriteLine(Path.GetFullPath(output));
        }

        return ExitCode.Done;
    }
}
