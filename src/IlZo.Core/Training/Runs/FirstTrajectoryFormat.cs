using System.Buffers.Binary;
using IlZo.Optimizers;

namespace IlZo.Training;

/// <summary>
/// The entries of version 1, which are read and no longer written: u32 length of the payload; the payload; u32 CRC-32 as in version 2.
/// Payload: i64 step; f64 learning rate; u32 flags, bit 0 = skipped; u32 number of losses; u32 number of coefficients; the losses and then
/// the coefficients as f64.
/// </summary>
internal sealed class FirstTrajectoryFormat : TrajectoryFormat
{
    private const int LengthBytes = 4;
    private const int FixedBytes = 28;
    private const int FrameBytes = 8;

    public override int StartBytes => LengthBytes + FixedBytes;

    public override long EntryBytes(ReadOnlySpan<byte> start)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(start);
        long numbers = (long)BinaryPrimitives.ReadUInt32LittleEndian(start[24..]) + BinaryPrimitives.ReadUInt32LittleEndian(start[28..]);
        return length == FixedBytes + (sizeof(double) * numbers) && length <= Array.MaxLength - FrameBytes ? length + FrameBytes : -1;
    }

    protected override LogEntry? DecodePayload(ReadOnlySpan<byte> bytes)
    {
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(bytes[20..]);
        int losses = BinaryPrimitives.ReadInt32LittleEndian(bytes[24..]);
        int coefficients = BinaryPrimitives.ReadInt32LittleEndian(bytes[28..]);
        return flags > 1 ? null : new StepEntry(new StepRecord
        {
            Step = BinaryPrimitives.ReadInt64LittleEndian(bytes[4..]),
            LearningRate = BinaryPrimitives.ReadDoubleLittleEndian(bytes[12..]),
            Skipped = flags == 1,
            Losses = EntryPayload.Doubles(bytes[StartBytes..], losses),
            Coefficients = EntryPayload.Doubles(bytes[(StartBytes + (sizeof(double) * losses))..], coefficients),
        });
    }
}
