using Switchyard.Models.Generation;

namespace Switchyard.Models.Tests.Generation;

public sealed class SamplerTests
{
    private static readonly float[] Logits = [1, 3, 2, 3, -1];
    private static readonly HashSet<int> Nothing = [];

    [Fact]
    public void Without_temperature_the_likeliest_is_taken_and_of_equals_the_first() =>
        Assert.Equal(1, new Sampler(new SamplingOptions()).Next(Logits, Nothing));

    [Fact]
    public void The_same_seed_draws_the_same() =>
        Assert.Equal(Draws(new SamplingOptions { Temperature = 1, Seed = 5 }), Draws(new SamplingOptions { Temperature = 1, Seed = 5 }));

    [Fact]
    public void Each_limit_leaves_the_tokens_it_says()
    {
        Assert.Equal([1, 3], Drawn(new SamplingOptions { Temperature = 1, TopK = 2 }));
        Assert.Equal([1], Drawn(new SamplingOptions { Temperature = 1, TopP = 0.3 }));
        Assert.Equal([1, 3], Drawn(new SamplingOptions { Temperature = 1, TopP = 0.7 }));
        Assert.Equal([1, 2, 3], Drawn(new SamplingOptions { Temperature = 1, MinP = 0.3 }));
        Assert.Equal([0, 1, 2, 3, 4], Drawn(new SamplingOptions { Temperature = 3 }));
    }

    [Fact]
    public void Draws_follow_the_probabilities()
    {
        int[] draws = Draws(new SamplingOptions { Temperature = 1 });
        double sum = Logits.Sum(l => Math.Exp(l));
        for (int id = 0; id < Logits.Length; id++)
        {
            Assert.Equal(Math.Exp(Logits[id]) / sum, draws.Count(d => d == id) / (double)draws.Length, 0.03);
        }
    }

    [Fact]
    public void The_repetition_penalty_turns_away_from_tokens_that_are_there() =>
        Assert.Equal(2, new Sampler(new SamplingOptions { RepetitionPenalty = 2 }).Next(Logits, new HashSet<int> { 1, 3 }));

    [Fact]
    public void Values_out_of_range_and_broken_logits_are_errors()
    {
        Assert.Throws<ConfigurationException>(() => new Sampler(new SamplingOptions { TopP = 0 }));
        Assert.Throws<ConfigurationException>(() => new Sampler(new SamplingOptions { Temperature = double.NaN }));
        Assert.Throws<InvalidOperationException>(() => new Sampler(new SamplingOptions()).Next([0, float.NaN], Nothing));
    }

    [Fact]
    public void A_stop_string_ends_the_text_before_it_also_across_pieces()
    {
        StopStrings stops = new(["END", "\n\n"]);
        Assert.Equal("one ", stops.Add("one E"));
        Assert.Equal("E", stops.Add("EN"));
        Assert.Equal("", stops.Add("D tail"));
        Assert.True(stops.Met);
        StopStrings unmet = new(["END"]);
        Assert.Equal("a", unmet.Add("aEN"));
        Assert.Equal("EN", unmet.Finish());
    }

    private static int[] Draws(SamplingOptions options)
    {
        Sampler sampler = new(options);
        return [.. Enumerable.Range(0, 4000).Select(_ => sampler.Next(Logits, Nothing))];
    }

    private static int[] Drawn(SamplingOptions options) => [.. Draws(options).Distinct().Order()];
}
