using System.CommandLine;
using Switchyard.Cli.CommandLine;

namespace Switchyard.Cli.Tests.CommandLine;

/// <summary>What an option of a number says of something else.</summary>
public sealed class NumberOptionsTests
{
    private static readonly Type[] Numbers = [typeof(int), typeof(long), typeof(double)];

    [Fact]
    public void Each_option_of_a_number_of_each_verb_says_in_words_what_it_expects()
    {
        RootCommand root = Application.Root();
        (string Verb, Option Option)[] options = [.. Options(root, string.Empty)];
        Assert.Contains(options, o => o.Verb == " bench router" && o.Option.Name == "--threads");
        Assert.Contains(options, o => o.Verb == " train" && o.Option.Name == "--steps");
        Assert.All(options, o =>
        {
            Command alone = new("alone") { o.Option };
            Assert.StartsWith($"{o.Option.Name} is 'abc'; it must be a", Assert.Single(alone.Parse([o.Option.Name, "abc"]).Errors).Message, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("train --steps 1.5", "--steps is '1.5'; it must be a whole number")]
    [InlineData("train --steps 99999999999", "--steps is '99999999999'; it must be a whole number between -2147483648 and 2147483647")]
    [InlineData("train --seed 1e3", "--seed is '1e3'; it must be a whole number")]
    [InlineData("train --learning-rate 1,5", "--learning-rate is '1,5'; it must be a number such as 3, 0.5 or 1e-4")]
    [InlineData("train --steps --quiet", "--steps is '--quiet'; it must be a whole number")]
    public void What_is_no_such_number_is_refused(string command, string message) => CommandRun.Of(command.Split(' ')).AssertFails(2, message);

    [Fact]
    public void Numbers_are_read_as_they_are_written()
    {
        ParseResult parse = Application.Root().Parse("train --steps 12 --learning-rate 1e-4 --seed -3");
        Assert.Empty(parse.Errors);
        Assert.Equal((12, 1e-4, -3L), (parse.GetValue<int?>("--steps"), parse.GetValue<double?>("--learning-rate"), parse.GetValue<long?>("--seed")));
        Assert.Null(parse.GetValue<int?>("--threads"));
    }

    private static IEnumerable<(string Verb, Option Option)> Options(Command command, string verb) =>
        command.Options.Where(o => Numbers.Contains(Nullable.GetUnderlyingType(o.ValueType) ?? o.ValueType)).Select(o => (verb, o))
            .Concat(command.Subcommands.SelectMany(c => Options(c, $"{verb} {c.Name}")));
}
