using System.CommandLine;
using Switchyard.Cli.CommandLine;
using Switchyard.Cli.Terminal;
using Switchyard.Models.Checkpoints;
using Switchyard.Routing;
using Switchyard.Training.Corpora;
using Switchyard.Training.Reporting;
using Switchyard.Training.Upcycling;

namespace Switchyard.Cli.Verbs;

/// <summary>Gives experts to a dense checkpoint.</summary>
internal sealed class UpcycleVerb
{
    private readonly CommonOptions _common = new();
    private readonly Argument<string> _model = new("DENSE") { Description = "the folder of a dense model in Hugging Face's layout (qwen3, bert)", Validators = { CommonOptions.RefuseDash } };
    private readonly Option<int> _experts = new("--experts") { Description = "experts of an MoE layer", HelpName = "E", Required = true, Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<int> _topK = new("--top-k") { Description = "experts a token", HelpName = "K", Required = true, Validators = { CommonOptions.AtLeast(1) } };
    private readonly Option<string> _by = CommonOptions.OneOf("--by", "what experts are: copies of the FFN, or each a part of its neurons", "copy", "copy", "split");
    private readonly Option<double> _noise = new("--noise") { Description = "standard deviation of Gaussian noise on the copies' matrices, as a share of the matrix's own; 0 for none", HelpName = "S", DefaultValueFactory = _ => 0, Validators = { CommonOptions.AtLeast(0) } };
    private readonly Option<string?> _layers = new("--layers") { Description = "layers that become MoE, such as 0,2-5; all unless said otherwise", HelpName = "LIST" };
    private readonly Option<string> _router = CommonOptions.OneOf("--router", "the fresh routers", "linear", [.. Routers.All.Names]);
    private readonly Option<string?> _judge = new("--judge") { Description = "text that both models are judged on; none unless said otherwise", HelpName = "PATH" };
    private readonly Option<int?> _context = new TextOptionSet().Context;
    private readonly Option<long?> _maxTokens = new("--max-tokens") { Description = "judge by at most so many tokens; all unless said otherwise", HelpName = "N", Validators = { CommonOptions.AtLeast(1) } };
    private readonly ModelOptions _load = new();
    private readonly Option<string> _output = new("--output") { Description = "the folder to write; it must not be there", HelpName = "FOLDER", Required = true };

    public static Command Make()
    {
        UpcycleVerb verb = new();
        Command command = Verb.Make(
            "upcycle",
            "Write an MoE checkpoint made of a dense one: experts copied from its FFNs or parts of them, fresh routers.",
            "switchyard upcycle models/qwen3-0.6b --experts 8 --top-k 2 --noise 0.01 --judge test.txt --output models/qwen3-8x",
            verb._common,
            verb.Run);
        command.Arguments.Add(verb._model);
        foreach (Option option in (Option[])[verb._experts, verb._topK, verb._by, verb._noise, verb._layers, verb._router, verb._judge, verb._context, verb._maxTokens, verb._output])
        {
            command.Options.Add(option);
        }

        verb._load.AddTo(command);
        return command;
    }

    private int Run(ParseResult parse, CancellationToken cancellation)
    {
        UpcycleRequest request = new()
        {
            Model = ModelPath.Resolve(parse.GetValue(_model)!),
            Output = parse.GetValue(_output)!,
            Options = new UpcycleOptions
            {
                Experts = parse.GetValue(_experts),
                TopK = parse.GetValue(_topK),
                By = Enum.Parse<UpcycleMethod>(parse.GetValue(_by)!, ignoreCase: true),
                Noise = parse.GetValue(_noise),
                Layers = parse.GetValue(_layers) is { } list ? LayerList.Parse(list) : null,
                Routing = RoutingRecipe.Parse(parse.GetValue(_router)!),
                Seed = parse.GetValue(_common.Seed) ?? 1,
            },
            Judge = parse.GetValue(_judge) is { } judge ? Corpus.Open(judge) : null,
            Context = parse.GetValue(_context),
            MaxTokens = parse.GetValue(_maxTokens) ?? long.MaxValue,
            Load = _load.Read(parse),
            Command = CommandText.Of("upcycle", parse),
        };
        Verb.UseThreads(parse, _common);
        UpcycleResult result;
        using (TokenProgress progress = new(parse.GetValue(_common.Quiet)))
        {
            result = UpcycleRun.Run(request, Verb.Machine(parse, _common), progress, cancellation);
        }

        Output.Checkpoint(result, UpcycleTable.Render, result.Output, parse, _common);
        return ExitCode.Done;
    }
}
