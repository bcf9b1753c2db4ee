using System.Globalization;

namespace Switchyard.Training.Reporting;

/// <summary>Numbers as people read them, the same in every culture. What is not finite is an en dash.</summary>
internal static class Figures
{
    public const string Missing = "–";

    private static readonly string[] s_suffixes = ["", " k", " M", " G", " T"];

    /// <summary>A fixed number of decimals, with a true minus sign.</summary>
    public static string Fixed(double value, int decimals)
    {
        if (!double.IsFinite(value))
        {
            return Missing;
        }

        string text = value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        bool zero = text.All(c => c is '0' or '.' or '-');
        return zero ? text.TrimStart('-') : text.Replace('-', '−');
    }

    /// <summary>A difference: a fixed number of decimals, and its sign always.</summary>
    public static string Signed(double value, int decimals)
    {
        string text = Fixed(value, decimals);
        return text == Missing || text[0] == '−' ? text : text.All(c => c is '0' or '.') ? text : "+" + text;
    }

    /// <summary>A ratio from 0 to 1: three decimals, or one digit and a power of ten where those would all be 0.</summary>
    public static string Ratio(double value) =>
        value is > 0 and < 0.0005 ? value.ToString("0.0e+0", CultureInfo.InvariantCulture).Replace('-', '−') : Fixed(value, 3);

    /// <summary>A share as per cent.</summary>
    public static string Percent(double share) => !double.IsFinite(share) ? Missing : Fixed(share * 100, Math.Abs(share) is < 0.1 and > 0 ? 1 : 0) + " %";

    /// <summary>A count in full, thousands apart: 12,345.</summary>
    public static string Count(double value) => double.IsFinite(value) ? value.ToString("N0", CultureInfo.InvariantCulture) : Missing;

    /// <summary>Three significant digits and a suffix: 12.3 k.</summary>
    public static string Short(double value)
    {
        if (!double.IsFinite(value))
        {
            return Missing;
        }

        int power = 0;
        while (Math.Abs(value) >= 999.5 && power < s_suffixes.Length - 1)
        {
            value /= 1000;
            power++;
        }

        int decimals = power == 0 || Math.Abs(value) >= 99.95 ? 0 : Math.Abs(value) >= 9.995 ? 1 : 2;
        return Fixed(value, decimals) + s_suffixes[power];
    }

    /// <summary>Three significant digits of a small quantity such as microseconds.</summary>
    public static string Significant(double value) =>
        Fixed(value, Math.Abs(value) >= 99.95 ? 0 : Math.Abs(value) >= 9.995 ? 1 : Math.Abs(value) >= 0.9995 ? 2 : 3);

    /// <summary>Times: 1.31×.</summary>
    public static string Times(double value) => double.IsFinite(value) ? Fixed(value, value >= 9.95 ? 0 : value >= 1.95 ? 1 : 2) + "×" : Missing;

    /// <summary>A time of day-to-day length: 42 s, 3 min 05 s, 2 h 10 min.</summary>
    public static string Duration(double seconds)
    {
        if (!double.IsFinite(seconds))
        {
            return Missing;
        }

        long whole = (long)Math.Round(seconds);
        return whole switch
        {
            < 10 => Fixed(seconds, 1) + " s",
            < 120 => $"{whole} s",
            < 7200 => $"{whole / 60} min {whole % 60:00} s",
            _ => $"{whole / 3600} h {whole % 3600 / 60:00} min",
        };
    }
}
