namespace Switchyard.Training.Reporting.Charts;

/// <summary>What explains the colours of a chart, drawn beside it on the page.</summary>
internal enum ChartLegend
{
    /// <summary>The axes say it all.</summary>
    None,

    /// <summary>One line style a row; pressing an entry hides the row in every chart.</summary>
    Rows,

    /// <summary>Load over the even share: 0, even, 4 or more.</summary>
    Load,

    /// <summary>A share from 0 to the greatest shown.</summary>
    Share,
}
