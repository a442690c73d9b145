//! How soon a signed push is acknowledged: from sending it to the 202 or 200.

use hmac::{Hmac, Mac};
use homeport_model::webhook::NewSecret;
use sha2::Sha256;

use crate::{
    Result,
    stage::{self, SERVING, Stage},
    support::images,
    write::{self, Series},
};

const TIMES: u32 = 100;
/// An address may write 240 times at once, and gets back four a second.
const WRITES_COME_BACK: std::time::Duration = std::time::Duration::from_secs(30);

pub async fn bench(stage: &mut Stage) -> Result<()> {
    stage.ensure_apps(SERVING).await?;
    write::title("webhook", &format!("{TIMES} signed deliveries one after the other; every tenth makes a deploy"));
    let app = stage::app(2);
    let made: NewSecret = stage.client.post_form("/api/ui/webhooks/renew-secret", &[("app", &app)]).await?.json()?;
    let path = made.url.split_once("/webhooks/").map(|(_, id)| format!("/webhooks/{id}")).ok_or("no address")?;
    let ours = images::name(&stage.ground.namespace).to_string();
    let (mut ignored, mut taken) = (Series::default(), Series::default());
    let mut last = None;
    for number in 0..TIMES {
        let deploys = number % 10 == 0;
        let image = if deploys { ours.as_str() } else { "somebody/else:1" };
        let body = format!("{{\"image\":\"{image}\",\"by\":\"bench {number}\"}}");
        let mut mac = Hmac::<Sha256>::new_from_slice(made.secret.as_bytes())?;
        mac.update(body.as_bytes());
        let digits: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = stage.client.deliver(&path, &format!("sha256={digits}"), body).await?;
        match (deploys, answer.status.as_u16()) {
            (true, 202) => {
                taken.push_ms(answer.first_byte);
                last = answer.json::<serde_json::Value>()?["deploy"].as_u64();
            }
            (false, 200) => ignored.push_ms(answer.first_byte),
            (_, status) => return Err(format!("{status}: {}", answer.text()).into()),
        }
    }
    write::figure("acknowledged, a deploy queued (202)", &taken.text("ms"));
    write::figure("acknowledged, nothing to do (200)", &ignored.text("ms"));
    // What was asked for is no load of the next bench's. Each newer push took the place of one that waited.
    let last = u32::try_from(last.ok_or("no deploy was queued")?)?;
    stage.ended(&app, last).await?;
    // The next bench makes its apps at once, and this one has used up most of what an address may write.
    tokio::time::sleep(WRITES_COME_BACK).await;
    Ok(())
}
