using Switchyard.Training.Reporting;

namespace Switchyard.Training.Tests.Reporting;

public sealed class FiguresTests
{
    [Theory]
    [InlineData(-0.0012, "−0.0012")]
    [InlineData(0.0012, "+0.0012")]
    [InlineData(-0.00001, "0.0000")]
    [InlineData(0.0, "0.0000")]
    [InlineData(double.NaN, "–")]
    public void A_difference_has_its_sign_unless_it_reads_as_zero(double value, string text) => Assert.Equal(text, Figures.Signed(value, 4));

    [Theory]
    [InlineData(3.33e-6, "3.3e−6")]
    [InlineData(0.0, "0.000")]
    [InlineData(0.7243, "0.724")]
    [InlineData(double.PositiveInfinity, "–")]
    public void A_tiny_ratio_is_not_rounded_to_nothing(double value, string text) => Assert.Equal(text, Figures.Ratio(value));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(999, "999")]
    [InlineData(999.9, "1.00 k")]
    [InlineData(12_345, "12.3 k")]
    [InlineData(1_250_000, "1.25 M")]
    [InlineData(7.6e8, "760 M")]
    [InlineData(2e15, "2000 T")]
    public void Large_counts_are_three_digits_and_a_suffix(double value, string text) => Assert.Equal(text, Figures.Short(value));

    [Theory]
    [InlineData(4.21, "4.2 s")]
    [InlineData(42, "42 s")]
    [InlineData(185, "3 min 05 s")]
    [InlineData(7800, "2 h 10 min")]
    [InlineData(double.NaN, "–")]
    public void Durations_read_as_people_say_them(double seconds, string text) => Assert.Equal(text, Figures.Duration(seconds));
}
